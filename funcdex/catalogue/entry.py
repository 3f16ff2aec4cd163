"""One tool as a catalogue keeps it: its definition compressed, and the words that it is found by."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
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
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """`parameters` are the names of the arguments, `words` the words of each column."""

    name: str
    action: str
    description: str
    parameters: tuple[str, ...]
    definition: bytes
    words: tuple[str, ...]


def entry_of(tool: Tool, toolkit: Toolkit, name: str) -> Entry:
    """The entry of a tool of `toolkit`, which is called `name` in the catalogue."""
    properties = tool.parameters.get("properties", {})
    texts: dict[str, Iterator[str]] = {
        "name": iter((tool.name,)),
        "toolkit": iter((name,)),
        "description": iter((tool.description,)),
        "parameters": _parameter_texts(tool.parameters),
        "about": iter((toolkit.description,)),
    }
    return Entry(
        tool.name,
        action_of(tool),
        tool.description,
        tuple(properties)[:_MOST_PARAMETERS],
        packed({"parameters": tool.parameters, "response": tool.response}),
        tuple(" ".join(distinct_words(texts[column], most)) for column, most in _MOST_WORDS.items()),
    )


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
