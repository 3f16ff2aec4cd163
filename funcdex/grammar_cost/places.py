"""Where in a conversation each byte stands: in a text, in JSON's structure, in a string of JSON, in a tag."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

Place = Literal["text", "structure", "string", "tag"]
PLACES: tuple[Place, ...] = ("text", "structure", "string", "tag")

_TAG = r"</?(?:user|assistant|assistant_thought|tool|tool_response)>"
_PARTS = re.compile(
    rf"(?P<open><(?P<name>tool|tool_response)>)(?P<json>.*?)(?=</(?P=name)>|\Z)|(?P<tag>{_TAG})", re.S
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.S)


def places_of(text: str) -> list[Place]:
    """The place of each byte of the text in UTF-8. A text that begins like JSON is JSON throughout."""
    if text.lstrip().startswith(("{", "[")):
        return _bytes(_json(text))
    return _bytes(_markup(text))


def token_places(text: str, lengths: Sequence[int]) -> list[Place]:
    """The place of each token, given its length in bytes: that of its first byte, whose mask it is."""
    places = places_of(text)
    found: list[Place] = []
    position = 0
    for length in lengths:
        found.append(places[min(position, len(places) - 1)])
        position += length
    return found


def _bytes(parts: Iterator[tuple[Place, str]]) -> list[Place]:
    return [place for place, part in parts for _ in part.encode(errors="replace")]


def _markup(text: str) -> Iterator[tuple[Place, str]]:
    position = 0
    for found in _PARTS.finditer(text):
        yield "text", text[position : found.start()]
        yield "tag", found["open"] or found["tag"]
        yield from _json(found["json"] or "")
        position = found.end()
    yield "text", text[position:]


def _json(text: str) -> Iterator[tuple[Place, str]]:
    position = 0
    for found in _STRING.finditer(text):
        yield "structure", text[position : found.start()]
        yield "string", found.group()
        position = found.end()
    yield "structure", text[position:]
