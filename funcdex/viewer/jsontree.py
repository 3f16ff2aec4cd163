"""JSON as lines to show, with bounds on how many, and marks on single values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from funcdex.types.conversation import JsonValue

MOST_LINES = 400
MOST_VALUE_CHARS = 20_000
_MOST_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an argument comes from: `told` in words, `anchor` of the place in the page, empty where it is in
    none. `known` is False where it was said nowhere."""

    told: str
    anchor: str = ""
    known: bool = True


@dataclass(frozen=True, slots=True)
class JsonLine:
    """One line: blanks, the name of a member if it is one, then a value or brackets. `sort` is the kind of
    value; `anchor` is set where an argument of another call leads to this value."""

    indent: str
    name: str
    text: str
    sort: str
    end: str = ""
    origin: Origin | None = None
    anchor: str = ""


def json_lines(
    value: JsonValue,
    origins: Mapping[str, Origin] | None = None,
    anchors: Mapping[str, str] | None = None,
    most: int = MOST_LINES,
) -> list[JsonLine]:
    """The value, pretty-printed; what is beyond `most` lines is one line that says so. Paths are those of
    `verify.leaves`: `$.to[0]`."""
    lines: list[JsonLine] = []
    for line in _lines(value, "$", "", "", 0, origins or {}, anchors or {}):
        if len(lines) >= most:
            lines.append(JsonLine("", "", "... and more: see JSON", "more"))
            break
        lines.append(line)
    return lines


def one_line_of(value: JsonValue, most_chars: int = 120) -> str:
    """The value on one line, cut."""
    text = _dumped(value)
    return text if len(text) <= most_chars else text[: most_chars - 1] + "…"


def _lines(
    value: JsonValue,
    path: str,
    name: str,
    end: str,
    depth: int,
    origins: Mapping[str, Origin],
    anchors: Mapping[str, str],
) -> Iterator[JsonLine]:
    indent = "  " * depth
    if isinstance(value, dict | list) and value and depth < _MOST_DEPTH:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield JsonLine(indent, name, opening, "bracket", anchor=anchors.get(path, ""))
        members = _members(value, path)
        for number, (label, inner, member) in enumerate(members, 1):
            comma = "," if number < len(value) else ""
            yield from _lines(member, inner, label, comma, depth + 1, origins, anchors)
        yield JsonLine(indent, "", closing, "bracket", end)
        return
    text, sort = _shown(value)
    yield JsonLine(indent, name, text, sort, end, origins.get(path), anchors.get(path, ""))


def _members(value: JsonValue, path: str) -> Iterator[tuple[str, str, JsonValue]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield _dumped(name), f"{path}.{name}", member
    else:
        for index, member in enumerate(value):
            yield "", f"{path}[{index}]", member


def _shown(value: JsonValue) -> tuple[str, str]:
    text = _dumped(value)
    if len(text) > MOST_VALUE_CHARS:
        text = f"{text[:MOST_VALUE_CHARS]}… ({len(text):,} characters)"
    if isinstance(value, str):
        return text, "string"
    if isinstance(value, bool) or value is None:
        return text, "word"
    return text, "number" if isinstance(value, int | float) else "bracket"


def _dumped(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except ValueError:  # A number of more digits than Python writes.
        return "…"
