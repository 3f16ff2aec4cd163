"""Values that nearly fit a JSON Schema: one thing in a fitting value made wrong, of each kind.

Each is confirmed by jsonschema to be refused by the schema.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]
Steps = tuple[str | int, ...]

# The kinds that a grammar has to refuse; the others only show how far it goes.
BASIC = ("required", "type", "enum", "minimum", "maximum")
_OTHER_TYPE: Mapping[str, Any] = {
    "object": [],
    "array": {},
    "string": 7,
    "integer": "12",
    "number": "1.5",
    "boolean": "true",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged value. `kind` is the keyword that refuses it, `path` where it stands in the schema."""

    kind: str
    path: str
    value: Any


def damages(schema: Schema, value: Any, rng: random.Random) -> list[Damage]:
    """One damage of each kind for which there is a place in the value."""
    validator = Draft202012Validator(schema)
    found = list(_everywhere(schema, value, "$", ()))
    rng.shuffle(found)
    chosen: dict[str, Damage] = {}
    for kind, path, steps, wrong in found:
        if kind not in chosen:
            damaged = _replaced(value, steps, wrong)
            # jsonschema alone does not look at every format.
            if kind == "format" or not validator.is_valid(damaged):
                chosen[kind] = Damage(kind, path, damaged)
    return list(chosen.values())


Found = tuple[str, str, Steps, Any]


def _everywhere(schema: Any, value: Any, path: str, steps: Steps) -> Iterator[Found]:
    """Kind, path in the schema, steps to the value and what to put there, for the value and all in it."""
    if not isinstance(schema, Mapping):
        return
    yield from ((kind, path, steps, wrong) for kind, wrong in _wrong(schema, value))
    for number, option in enumerate(schema.get("anyOf") or ()):
        if Draft202012Validator(option).is_valid(value):
            yield from _everywhere(option, value, f"{path}.anyOf[{number}]", steps)
    if isinstance(value, dict):
        described = schema.get("properties") or {}
        for name, item in value.items():
            inner = f"{path}.properties.{name}" if name in described else f"{path}.additionalProperties"
            yield from _everywhere(
                described.get(name, schema.get("additionalProperties")), item, inner, (*steps, name)
            )
    if isinstance(value, list):
        for index, item in enumerate(value[:2]):
            yield from _everywhere(schema.get("items"), item, f"{path}.items", (*steps, index))


def _wrong(schema: Schema, value: Any) -> Iterator[tuple[str, Any]]:
    types = schema.get("type")
    if types:
        yield "type", _OTHER_TYPE[types if isinstance(types, str) else types[0]]
    if "enum" in schema:
        yield "enum", "not one of these" if isinstance(value, str | None) else 987654321
    if isinstance(value, dict):
        yield from _wrong_object(schema, value)
    elif isinstance(value, list):
        yield from _wrong_array(schema, value)
    elif isinstance(value, str):
        yield from _wrong_string(schema, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _wrong_number(schema, value)


def _wrong_object(schema: Schema, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in schema.get("required") or ():
        yield "required", {key: item for key, item in value.items() if key != name}
    if schema.get("additionalProperties") is False:
        yield "additionalProperties", {**value, "not a key of this": 1}
    least = schema.get("minProperties", 0)
    if least:
        required = schema.get("required") or ()
        kept = [key for key in value if key in required] or list(value)[: least - 1]
        yield "minProperties", {key: value[key] for key in kept}


def _wrong_array(schema: Schema, value: list[Any]) -> Iterator[tuple[str, Any]]:
    if schema.get("minItems"):
        yield "minItems", value[: schema["minItems"] - 1]
    if value and schema.get("maxItems", 1000) < 1000:
        yield "maxItems", (value * (schema["maxItems"] + 1))[: schema["maxItems"] + 1]
    if value and schema.get("uniqueItems"):
        yield "uniqueItems", [*value, value[0]]


def _wrong_string(schema: Schema, value: str) -> Iterator[tuple[str, Any]]:
    if schema.get("minLength"):
        yield "minLength", value[: schema["minLength"] - 1]
    if schema.get("maxLength", 5000) < 5000:
        yield "maxLength", (value or "x") * (schema["maxLength"] + 1)
    if "pattern" in schema:
        yield from (("pattern", text) for text in ("~", "", "zz 9 ~", "ß" + value))
    if "format" in schema:
        yield "format", "soon enough"


def _wrong_number(schema: Schema, value: float) -> Iterator[tuple[str, Any]]:
    for keyword, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        if keyword in schema:
            yield keyword, schema[keyword] + step
    if "multipleOf" in schema:
        yield "multipleOf", value + (1 if schema["multipleOf"] > 1 else schema["multipleOf"] / 2)


def _replaced(value: Any, steps: Steps, wrong: Any) -> Any:
    """A copy of the value with something else at the end of the steps."""
    if not steps:
        return wrong
    whole = copy.deepcopy(value)
    inner = whole
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = wrong
    return whole
