"""Fields of a response by their path: `items[0].id`, `[0].name`, `data.owner.email`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from funcdex.types.tools import JsonSchema

UNKNOWN: Final[JsonSchema] = {}
"""The schema of a field of which nothing is known: any may be there."""

MAX_STEPS = 20
_STEP = re.compile(r"\[(\d{1,6})\]|([^.\[\]]+)")
_PATH = re.compile(r"(?:[^.\[\]]+|\[\d{1,6}\])(?:\.[^.\[\]]+|\[\d{1,6}\])*")


def steps_of(path: str) -> tuple[str | int, ...]:
    """`items[0].id` as ("items", 0, "id"); () for what is no path."""
    text = path.strip().removeprefix("$").removeprefix(".")
    if len(text) > 500 or not _PATH.fullmatch(text):
        return ()
    steps = tuple(int(index) if index else name for index, name in _STEP.findall(text))
    return steps if len(steps) <= MAX_STEPS else ()


def field_at(schema: JsonSchema, path: str) -> JsonSchema | None:
    """The schema of a field; UNKNOWN where the schema does not say which there are, None if there is none."""
    places = [schema]
    steps = steps_of(path)
    if not steps:
        return None
    for step in steps:
        options = [option for place in places for option in _options(place)]
        if any(_says_nothing(option) for option in options):
            return UNKNOWN
        places = [one for option in options if (one := _inside(option, step)) is not None]
        if not places:
            return None
    return places[0]


def _options(schema: JsonSchema, depth: int = 0) -> Iterator[JsonSchema]:
    listed = [one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word) or ()]
    if depth > MAX_STEPS or not listed or "properties" in schema:
        yield schema
        return
    for option in listed:
        if isinstance(option, Mapping):
            yield from _options(option, depth + 1)


def _says_nothing(schema: JsonSchema) -> bool:
    kind = schema.get("type")
    if kind == "object" or (kind is None and "items" not in schema):
        return not schema.get("properties") and schema.get("additionalProperties") is not False
    return kind == "array" and not isinstance(schema.get("items"), Mapping)


def _inside(schema: JsonSchema, step: str | int) -> JsonSchema | None:
    if isinstance(step, int):
        items = schema.get("items")
        return items if isinstance(items, Mapping) else None
    properties = schema.get("properties")
    found = properties.get(step) if isinstance(properties, Mapping) else None
    if found is None:
        more = schema.get("additionalProperties")
        found = more if isinstance(more, Mapping) else None
    return found if isinstance(found, Mapping) else None
