"""What reading a JSON Schema needs that says nothing about shapes: references, types, what limits what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

_STRING = "pattern format minLength maxLength"
_NUMBER = "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"
_ARRAY = (
    "items prefixItems additionalItems minItems maxItems uniqueItems contains minContains maxContains "
    "unevaluatedItems"
)
_OBJECT = (
    "properties required additionalProperties patternProperties propertyNames minProperties maxProperties "
    "dependentRequired dependentSchemas dependencies unevaluatedProperties"
)
LIMITS: dict[str, frozenset[str]] = {
    "string": frozenset(_STRING.split()),
    "integer": frozenset(_NUMBER.split()),
    "number": frozenset(_NUMBER.split()),
    "array": frozenset(_ARRAY.split()),
    "object": frozenset(_OBJECT.split()),
    "boolean": frozenset(),
    "null": frozenset(),
}
"""By type: the keywords that limit its values, and those of no other type."""
GENERAL = frozenset("type nullable enum const not if then else".split())
"""Keywords that limit values of any type. All others describe, and limit nothing."""
COMBINING = frozenset("$ref allOf anyOf oneOf $dynamicRef $recursiveRef".split())

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float, Decimal),
    "boolean": (bool,),
    "null": (type(None),),
}
TYPES = tuple(_KINDS)
_GUESSED = ("object", "array", "string", "number")


class Impossible(Exception):
    """No value fits this part of the schema."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


def is_of(name: str, value: object) -> bool:
    """Whether a value has a type of JSON Schema. True and False are no numbers."""
    if isinstance(value, bool) and name != "boolean":
        return False
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS[name])


def is_finite(value: object) -> bool:
    """Whether a value is a number, and neither infinite nor NaN. A whole one may be larger than any float."""
    return is_of("number", value) and (not isinstance(value, float) or math.isfinite(value))


def lookup(document: object, ref: object) -> tuple[object, str] | None:
    """What a local reference (`#`, `#/$defs/a`) points at, and its JSON path; None if nothing does."""
    if not isinstance(ref, str) or not ref.startswith("#"):
        return None
    if ref != "#" and not ref.startswith("#/"):
        return _anchored(document, ref[1:])
    target: object = document
    path = "$"
    for step in unquote(ref[1:]).split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, Mapping) and key in target:
            target, path = target[key], f"{path}.{key}"
        elif isinstance(target, list) and key.isdecimal() and int(key) < len(target):
            target, path = target[int(key)], f"{path}[{key}]"
        else:
            return None
    return target, path


def _anchored(document: object, name: str) -> tuple[object, str] | None:
    """The definition that calls itself by a name."""
    if isinstance(document, Mapping):
        for holder in ("$defs", "definitions"):
            inner = document.get(holder)
            for key, value in inner.items() if isinstance(inner, Mapping) else ():
                if isinstance(value, Mapping) and value.get("$anchor") == name:
                    return value, f"$.{holder}.{key}"
    return None


def types_of(schema: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The types that a schema names; empty for none. Raises Impossible."""
    named = schema.get("type")
    if named is None:
        return ()
    types = tuple(named) if isinstance(named, list | tuple) else (named,)
    known = tuple(dict.fromkeys(name for name in types if name in TYPES))
    if not known:
        raise Impossible(path, f"it knows no type called {named!r}")
    if "number" in known:
        known = tuple(name for name in known if name != "integer")
    return (*known, "null") if schema.get("nullable") is True and "null" not in known else known


def types_meant(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a schema without `type` speaks of; empty if of none."""
    return tuple(name for name in _GUESSED if not LIMITS[name].isdisjoint(schema))


def limits_in(schema: Mapping[str, Any], types: tuple[str, ...]) -> Iterator[str]:
    """The keywords in a schema that limit values of these types, or of any type."""
    limiting = GENERAL.union(COMBINING, *(LIMITS[name] for name in types or TYPES))
    return (keyword for keyword in schema if keyword in limiting)


def list_of(value: object, path: str, keyword: str) -> list[Any]:
    """The value of a keyword that has to be a list with something in it. Raises Impossible."""
    if not isinstance(value, list | tuple) or not value:
        raise Impossible(path, f"{keyword} is not a list with something in it")
    return list(value)
