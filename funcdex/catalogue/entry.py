"""One tool as a catalogue keeps it: its definition compressed, and the words that it is found by."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from funcdex.catalogue.synonyms import actions
from funcdex.catalogue.words import distinct_words, words_of
from funcdex.toolkits.keywords import walk
from funcdex.types.tools import JsonSchema, Tool, Toolkit

LARGEST_DEFINITION_BYTES = 16 * 1024 * 1024
"""A compressed definition that stands for more is not unpacked."""

# Words that a column keeps: those at the start of a description say what a tool does, and most tools have
# fewer.
_MOST_WORDS = {"name": 24, "toolkit": 12, "description": 60, "parameters": 120, "about": 20}
_MOST_PARAMETERS = 200
_DESCRIPTION_CHARS = 160
# Twice as fast as 6, for a tenth more bytes.
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """`parameters` are the names of the arguments, `words` the words of each column; those of the toolkit's
    name are left to the catalogue, which may give it another."""

    name: str
    action: str
    description: str
    parameters: tuple[str, ...]
    definition: bytes
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KitEntry:
    """A toolkit. `digest`: SHA-256, in hex, of what it says."""

    name: str
    description: str
    digest: str
    tools: tuple[Entry, ...]


def kit_entry_of(toolkit: Toolkit) -> KitEntry:
    """The entry of a toolkit and of its tools."""
    about = _words("about", (toolkit.description,))
    tools = tuple(entry_of(tool, about) for tool in toolkit.tools)
    digest = hashlib.sha256(repr((toolkit.name, toolkit.description)).encode(errors="replace"))
    for tool in tools:
        digest.update(repr((tool.name, tool.description)).encode(errors="replace") + tool.definition)
    return KitEntry(toolkit.name, toolkit.description, digest.hexdigest(), tools)


def entry_of(tool: Tool, about: str) -> Entry:
    """The entry of a tool; `about`: the words of what its toolkit's description says."""
    properties = tool.parameters.get("properties", {})
    return Entry(
        tool.name,
        action_of(tool),
        tool.description,
        tuple(properties)[:_MOST_PARAMETERS],
        packed({"parameters": tool.parameters, "response": tool.response}),
        (
            _words("name", (tool.name,)),
            "",
            _words("description", (tool.description,)),
            _words("parameters", _parameter_texts(tool.parameters)),
            about,
        ),
    )


def toolkit_words(name: str) -> str:
    """The words of a toolkit's name, as the catalogue has it."""
    return _words("toolkit", (name,))


def _words(column: str, texts: Iterable[str]) -> str:
    return " ".join(distinct_words(texts, _MOST_WORDS[column]))


def action_of(tool: Tool) -> str:
    """What the tool does, as one word: `send`. From the first verb of its name, else of its description."""
    known = actions()
    for text in (tool.name, tool.description[:_DESCRIPTION_CHARS]):
        for word in words_of(text):
            if word in known:
                return known[word]
    return ""


def packed(value: Mapping[str, Any]) -> bytes:
    """JSON, compressed."""
    # Numbers beyond 64 bits, which orjson does not write, are rare and stay what they are.
    try:
        text = orjson.dumps(value)
    except TypeError:
        import json

        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return zlib.compress(text, _LEVEL)


def unpacked(data: bytes) -> dict[str, Any]:
    """What `packed` took. Raises ValueError for anything else, and for what is larger than any definition."""
    from funcdex.toolkits.load import json_value

    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(data, LARGEST_DEFINITION_BYTES)
    except (zlib.error, TypeError) as error:
        raise ValueError(str(error)) from error
    if not unpacking.eof:
        raise ValueError("it is cut off, or far too large")
    value = json_value(text.decode())
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value


def _parameter_texts(schema: JsonSchema) -> Iterator[str]:
    """Names first, then descriptions, both from the outermost inwards."""
    properties = schema.get("properties", {})
    yield from properties
    for inner in properties.values():
        if isinstance(inner, Mapping) and isinstance(inner.get("description"), str):
            yield inner["description"][:_DESCRIPTION_CHARS]
    for _, inner in walk(schema):
        names = inner.get("properties")
        if inner is not schema and isinstance(names, Mapping):
            yield from names
