"""Several schemas that all hold, as one: what `allOf` comes down to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from funcdex.grammar.regex.match import TooCostly, UnknownRegex, search
from funcdex.grammar.schema_parts import COMBINING, GENERAL, LIMITS, is_of

Schema = Mapping[str, Any]

MAX_OPTIONS = 48
"""Alternatives of two `anyOf` are multiplied out up to here."""

_KNOWN = GENERAL.union(COMBINING, *LIMITS.values())
_CLOSING = ("properties", "patternProperties", "additionalProperties")
_LISTING = ("items", "prefixItems", "additionalItems")


class Apart(Exception):
    """No value fits two schemas; the argument says why."""


def merge(schemas: Iterable[Schema]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """One schema, and the keywords in which the given ones differ in a way that cannot be joined.

    For those the first one counts. Raises Apart.
    """
    merged: dict[str, Any] = {}
    lost: list[str] = []
    for schema in schemas:
        merged = _joined(merged, plain(schema), lost)
    return merged, tuple(dict.fromkeys(lost))


def plain(schema: Schema) -> dict[str, Any]:
    """The schema without what limits nothing, and with the ways of older drafts put into today's words."""
    made = {key: value for key, value in schema.items() if key in _KNOWN}
    if "const" in made:
        constant = [made.pop("const")]
        made["enum"] = _in_both(made["enum"], constant) if isinstance(made.get("enum"), list) else constant
    for inclusive, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # OpenAPI 3.0 says with true or false whether the other keyword's number itself is meant.
        if isinstance(made.get(exclusive), bool):
            strict = made.pop(exclusive)
            if strict and inclusive in made:
                made[exclusive] = made.pop(inclusive)
    if isinstance(made.get("items"), list):
        made["prefixItems"] = made.pop("items")
        if "additionalItems" in made:
            made["items"] = made["additionalItems"]
    made.pop("additionalItems", None)
    if made.pop("nullable", None) is True and "type" in made:
        types = [made["type"]] if isinstance(made["type"], str) else list(made["type"])
        made["type"] = [*types, "null"]
    if not isinstance(made.get("required", []), list | tuple):
        del made["required"]  # what the oldest draft says inside a property
    return made


def found_in(pattern: str, text: str) -> bool:
    """Whether a pattern matches somewhere; one that nobody here can read matches nothing."""
    try:
        return search(pattern, text)
    except (UnknownRegex, TooCostly):
        return False


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: true is not 1, and 1.0 is."""
    return _identity(one) == _identity(other)


def _identity(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    """The value with 1 in place of 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_whole(item) for item in value]
    return {key: _whole(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _joined(ours: dict[str, Any], theirs: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    if not ours:
        return theirs
    made = {key: value for key, value in ours.items() if key not in (*_CLOSING, *_LISTING)}
    made |= _keys(ours, theirs, lost) | _items(ours, theirs)
    for keyword, value in theirs.items():
        if keyword in (*_CLOSING, *_LISTING):
            continue
        if keyword not in made:
            made[keyword] = value
        elif keyword in _JOIN:
            joined = _JOIN[keyword](made[keyword], value)
            if joined is None:
                lost.append(keyword)
            else:
                made[keyword] = joined
        elif made[keyword] != value:
            lost.append(keyword)
    return made


def _keys(ours: Schema, theirs: Schema, lost: list[str]) -> dict[str, Any]:
    """The keywords of keys by name. What one schema does not name has to suit its additionalProperties."""
    made: dict[str, Any] = {}
    named, others = _mapping(ours.get("properties")), _mapping(theirs.get("properties"))
    if "properties" in ours or "properties" in theirs:
        made["properties"] = {
            name: _all(
                [
                    *_said_of(name, ours, named),
                    *_said_of(name, theirs, others),
                ]
            )
            for name in dict.fromkeys([*named, *others])
        }
    patterns = [schema["patternProperties"] for schema in (ours, theirs) if schema.get("patternProperties")]
    if patterns:
        made["patternProperties"] = patterns[0]
        if len(patterns) > 1 and patterns[0] != patterns[1]:
            lost.append("patternProperties")
    for one, other in ((ours, theirs), (theirs, ours)):
        # Keys of the other's patterns are further keys to this one.
        foreign = (
            _mapping(other.get("patternProperties")).keys() - _mapping(one.get("patternProperties")).keys()
        )
        if foreign and one.get("additionalProperties", True) is not True:
            lost.append("additionalProperties")
    extras = [schema["additionalProperties"] for schema in (ours, theirs) if "additionalProperties" in schema]
    if extras:
        made["additionalProperties"] = _all(extras)
    return made


def _said_of(name: str, schema: Schema, named: Schema) -> list[Any]:
    if name in named:
        return [named[name]]
    if any(found_in(pattern, name) for pattern in _mapping(schema.get("patternProperties"))):
        return []  # the reader holds every name to the patterns that it fits
    return [schema["additionalProperties"]] if "additionalProperties" in schema else []


def _items(ours: Schema, theirs: Schema) -> dict[str, Any]:
    """The keywords of items by place."""
    made: dict[str, Any] = {}
    firsts = [list(schema.get("prefixItems") or ()) for schema in (ours, theirs)]
    rests = [schema["items"] for schema in (ours, theirs) if "items" in schema]
    count = max(map(len, firsts))
    if count:
        made["prefixItems"] = [
            _all(
                [
                    *(first[place] for first in firsts if place < len(first)),
                    *(
                        schema["items"]
                        for schema, first in zip((ours, theirs), firsts, strict=True)
                        if place >= len(first) and "items" in schema
                    ),
                ]
            )
            for place in range(count)
        ]
    if rests:
        made["items"] = _all(rests)
    return made


def _all(schemas: list[Any]) -> Any:
    """A schema that says what all of these say."""
    kept: list[Any] = []
    for schema in schemas:
        if schema is False:
            return False
        if schema is not True and schema not in kept:
            kept.append(schema)
    if not kept:
        return True
    return kept[0] if len(kept) == 1 else {"allOf": kept}


def _mapping(value: Any) -> Schema:
    return value if isinstance(value, Mapping) else {}


def _united(ours: list[Any], theirs: list[Any]) -> list[Any]:
    return [*ours, *(item for item in theirs if item not in ours)]


def _types(ours: str | list[str], theirs: str | list[str]) -> list[str]:
    first = [ours] if isinstance(ours, str) else list(ours)
    second = [theirs] if isinstance(theirs, str) else list(theirs)
    # An integer is a number, so of the two the narrower stays.
    found = [name for name in first if name in second or (name == "integer" and "number" in second)]
    found += [name for name in second if name == "integer" and "number" in first and name not in found]
    if not found:
        raise Apart(f"it has to be {' or '.join(first)} and at once {' or '.join(second)}")
    return found


def _in_both(ours: list[Any], theirs: list[Any]) -> list[Any]:
    return [value for value in ours if any(same(value, other) for other in theirs)]


def _products(ours: list[Any], theirs: list[Any]) -> list[Any] | None:
    """`x` or `y`, and `a` or `b`: all pairs. Of `oneOf` too: one each is right if and only if one pair is."""
    if same(ours, theirs):
        return None if not ours else ours
    if len(ours) * len(theirs) > MAX_OPTIONS:
        return None
    return [{"allOf": [one, other]} for one in ours for other in theirs]


def _common_multiple(ours: Any, theirs: Any) -> Any:
    if not all(is_of("number", each) and each > 0 for each in (ours, theirs)):
        return None
    return next((big for big, small in ((ours, theirs), (theirs, ours)) if big % small == 0), None)


def _equal_or_lost(ours: Any, theirs: Any) -> Any:
    return ours if same(ours, theirs) else None


def _number(pick: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def join(ours: Any, theirs: Any) -> Any:
        return pick(ours, theirs) if is_of("number", ours) and is_of("number", theirs) else None

    return join


_JOIN: dict[str, Callable[[Any, Any], Any]] = {
    "required": _united,
    "type": _types,
    "enum": _in_both,
    "allOf": _united,
    "anyOf": _products,
    "oneOf": _products,
    "propertyNames": lambda ours, theirs: _all([ours, theirs]),
    "unevaluatedProperties": lambda ours, theirs: _all([ours, theirs]),
    "uniqueItems": lambda ours, theirs: ours is True or theirs is True,
    "multipleOf": _common_multiple,
    "pattern": _equal_or_lost,
    "format": _equal_or_lost,
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties"), _number(max)),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties"), _number(min)),
}
