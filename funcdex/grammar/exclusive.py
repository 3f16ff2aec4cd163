"""`oneOf`: options so narrowed that no value fits two of them.

A value that the grammar writes for one option must not be valid under another, by the other's schema, which
allows more than its shape. Where the kinds of values differ, or a property that both have to have, nothing
needs narrowing; where one requires a property that the other may have, the other goes without.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from funcdex.grammar.ir import JsonInteger, JsonNumber, JsonString
from funcdex.grammar.schema_merge import same
from funcdex.grammar.schema_parts import TYPES, is_of
from funcdex.grammar.shapes import Array, Closed, Either, Fixed, Open, Shape, Subset, either, options_of

Outline = Callable[[object], object]
"""A schema without references at its top."""
MAX_DEPTH = 4


def exclusive(options: Sequence[tuple[Shape | None, object]], outline: Outline) -> list[Shape] | None:
    """The shapes, each without what is valid under another's schema; None if that cannot be told.

    An option is a shape, None where it has no values to write, and its schema."""
    made: list[Shape] = []
    for place, (shape, _) in enumerate(options):
        if shape is None:
            continue
        left: Shape | None = shape
        for other, (_, schema) in enumerate(options):
            if other != place and left is not None:
                left = _outside(left, schema, outline, MAX_DEPTH)
        if left is None:
            return None
        made.append(left)
    return made


def _outside(shape: Shape, schema: object, outline: Outline, depth: int) -> Shape | None:
    """The values of the shape that are surely invalid under the schema; None if none surely are."""
    if schema is False:
        return shape
    if not isinstance(schema, Mapping) or depth == 0:
        return None
    options = options_of(shape)
    if len(options) == 1 and not isinstance(options[0], Either):
        return _outside_one(shape if options[0] == shape else options[0], shape, schema, outline, depth)
    parts = [_outside_one(option, option, schema, outline, depth) for option in options]
    if any(part is None for part in parts):
        return None
    kept = [part for part in parts if part is not None]
    return shape if kept == list(options) else either(kept)


def _outside_one(
    shape: Shape, whole: Shape, schema: Mapping[str, Any], outline: Outline, depth: int
) -> Shape | None:
    """As `_outside`, for a shape without choice; `whole` is it by its name."""
    if isinstance(shape, Fixed):
        kept = tuple(text for text in shape.texts if not _may_fit(json.loads(text), schema))
        return None if not kept else whole if kept == shape.texts else Fixed(kept)
    kind = _kind(shape)
    if kind is None:
        return None
    if not _allows(schema, kind):
        return whole
    if isinstance(shape, JsonInteger | JsonNumber):
        return whole if _apart(shape, schema) else None
    if not isinstance(shape, Closed):
        return None
    found = _objects_outside(shape, schema, outline, depth)
    return whole if found == shape else found


def _objects_outside(shape: Closed, schema: Mapping[str, Any], outline: Outline, depth: int) -> Closed | None:
    mine = {each.name: each for each in shape.properties}
    theirs = schema.get("properties") or {}
    needed = [name for name in schema.get("required") or () if isinstance(name, str)]
    if any(name not in mine for name in needed):
        return shape
    closed = schema.get("additionalProperties") is False and not schema.get("patternProperties")
    if closed and any(each.required and each.name not in theirs for each in shape.properties):
        return shape
    shared = [each for each in shape.properties if each.required and each.name in theirs]
    narrower: list[Closed] = []
    for each in shared:
        value = _outside(each.value, outline(theirs[each.name]), outline, depth - 1)
        if value is each.value:
            return shape
        if value is not None:
            changed = replace(each, value=value)
            narrower.append(
                replace(shape, properties=tuple(changed if p is each else p for p in shape.properties))
            )
    if narrower:
        return narrower[0]
    for name in needed:
        if not mine[name].required and shape.least == 0:
            return replace(shape, properties=tuple(p for p in shape.properties if p.name != name))
    return None


def _kind(shape: Shape) -> str | None:
    match shape:
        case JsonString():
            return "string"
        case JsonInteger():
            return "integer"
        case JsonNumber():
            return "number"
        case Closed() | Open():
            return "object"
        case Array() | Subset():
            return "array"
        case _:
            return None


def _allows(schema: Mapping[str, Any], kind: str) -> bool:
    """Whether values of a kind may be valid under the schema, as far as types and lists of values tell."""
    types = _types(schema)
    wanted = {kind, "number"} if kind == "integer" else {kind, "integer"} if kind == "number" else {kind}
    if types.isdisjoint(wanted):
        return False
    values = schema.get("enum")
    return not isinstance(values, list) or any(
        is_of("number" if kind == "integer" else kind, v) for v in values
    )


def _types(schema: Mapping[str, Any]) -> set[str]:
    named = schema.get("type", TYPES)
    return {named} if isinstance(named, str) else set(named)


def _apart(shape: JsonInteger | JsonNumber, schema: Mapping[str, Any]) -> bool:
    """Whether no number of the shape is within the schema's bounds."""
    low = None if shape.least is None else Decimal(shape.least)
    high = None if shape.most is None else Decimal(shape.most)
    for keyword, mine, above in (
        ("minimum", high, False),
        ("exclusiveMinimum", high, False),
        ("maximum", low, True),
        ("exclusiveMaximum", low, True),
    ):
        limit = schema.get(keyword)
        if mine is None or not is_of("number", limit):
            continue
        exact = Decimal(repr(limit))
        beyond = mine > exact if above else mine < exact
        if beyond or (mine == exact and keyword.startswith("exclusive")):
            return True
    return False


def _may_fit(value: Any, schema: Mapping[str, Any]) -> bool:
    """False only if the value is surely invalid under the schema."""
    if not any(is_of(name, value) for name in _types(schema)):
        return False
    if isinstance(schema.get("enum"), list) and not any(same(value, other) for other in schema["enum"]):
        return False
    if is_of("number", value):
        exact = Decimal(repr(value))
        return not _apart(JsonNumber(exact, exact), schema)
    if isinstance(value, str):
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
        return not (is_of("number", least) and len(value) < least) and not (
            is_of("number", most) and len(value) > most
        )
    if isinstance(value, dict):
        return all(name in value for name in schema.get("required") or ())
    return True
