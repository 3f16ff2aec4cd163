"""Which keywords of a JSON Schema hold schemas, and walks that know the difference.

A property may be called `enum` or `$ref`: only a walk that follows the keywords can tell it from one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")
LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLE = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)

Step = str | int
Path = tuple[Step, ...]


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The schemas directly inside `schema`, each with the steps that lead to it."""
    for key, value in schema.items():
        if key in NAMED and isinstance(value, dict):
            yield from (((key, name), sub) for name, sub in value.items())
        elif key in LISTED and isinstance(value, list):
            yield from (((key, index), sub) for index, sub in enumerate(value))
        elif key in SINGLE:
            yield (key,), value


def walk(schema: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """`schema` and every schema in it that is an object, outer ones first, each with its path."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for step, sub in subschemas(schema):
        yield from walk(sub, path + step)


def rebuilt(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """`schema` with `change` applied to the schemas directly inside it."""
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in NAMED and isinstance(value, dict):
            made[key] = {name: change(sub) for name, sub in value.items()}
        elif key in LISTED and isinstance(value, list):
            made[key] = [change(sub) for sub in value]
        else:
            made[key] = change(value) if key in SINGLE else value
    return made
