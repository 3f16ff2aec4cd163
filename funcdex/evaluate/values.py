"""Whether an argument is the one that was expected: BFCL's rules for types and values, on JSON Schema.

- The type is that of the schema, and an integer will do for `number`; a float will not for `integer`, nor
  true for 1. Or it is the type of the expected value, where that is another one than the schema has.
- Texts are compared without case, blanks and the marks `, . / - _ * ^`, and ' is as good as ".
- Arrays are equal element by element, in order.
- Objects have the same keys. One that the schema has a default for may be left out where the default was
  expected, and may be given where nothing was.

BFCL looks one level into arrays and objects; here all levels are held to the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from funcdex.types.conversation import JsonValue

_IGNORED = re.compile(r"[ ,./\-_*^]")
_SHOWN_CHARS = 80
JsonObject = Mapping[str, JsonValue]
_NO_SCHEMA: JsonObject = {}


@dataclass(frozen=True, slots=True)
class ValueFlaw:
    """`code` is `wrong_type` or `wrong_value`; `detail` says where within the value, and what."""

    code: str
    detail: str


def value_flaw(value: JsonValue, expected: JsonValue, schema: JsonValue, path: str = "") -> ValueFlaw | None:
    """Why the value is not the one expected; None if it is. `schema` is the parameter's, or anything."""
    found = type_name(value)
    known = schema if isinstance(schema, Mapping) else _NO_SCHEMA
    wanted = type_name(expected)
    if not (_is_of(found, types_of(known)) and _comparable(found, wanted)) and found != wanted:
        return ValueFlaw("wrong_type", f"{path or 'it'} is {_a(found)}, expected {_a(wanted)}")
    if isinstance(value, dict):
        return _object_flaw(value, expected, known, path)
    if isinstance(value, list):
        return _array_flaw(value, expected, known, path)
    if value == expected or (isinstance(value, str) and standard(value) == standard(expected)):
        return None
    return ValueFlaw("wrong_value", f"{path or 'it'} is {shown(value)}, not {shown(expected)}")


def type_name(value: JsonValue) -> str:
    """JSON Schema's word for the type of a value."""
    return _NAMES.get(type(value), "null")


def types_of(schema: Mapping[str, JsonValue]) -> frozenset[str]:
    """The types that a schema allows; none where it says nothing."""
    told = schema.get("type")
    if isinstance(told, str):
        return frozenset({told})
    if isinstance(told, list):
        return frozenset(one for one in told if isinstance(one, str))
    options = [one for one in _options(schema) if isinstance(one, Mapping)]
    found = [types_of(option) for option in options if "type" in option]
    return frozenset().union(*found) if options and len(found) == len(options) else frozenset()


def default_of(schema: JsonValue, name: str) -> tuple[JsonValue, ...]:
    """The default of a property, alone in a tuple; () where it has none."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    of_name = properties.get(name) if isinstance(properties, Mapping) else None
    return (of_name["default"],) if isinstance(of_name, Mapping) and "default" in of_name else ()


def property_of(schema: JsonValue, name: str) -> JsonValue:
    """The schema of a property; None where there is none."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties.get(name) if isinstance(properties, Mapping) else None


def is_default(value: JsonValue, schema: JsonValue, name: str) -> bool:
    """Whether a property may as well be left out, because this is its default."""
    return any(
        value_flaw(value, default, property_of(schema, name)) is None for default in default_of(schema, name)
    )


def standard(text: str) -> str:
    """What of a text is compared."""
    return _IGNORED.sub("", text).lower().replace("'", '"')


def shown(value: JsonValue) -> str:
    """A value in a sentence."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


_NAMES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}
_NUMBERS = frozenset({"integer", "number"})


def _is_of(found: str, allowed: frozenset[str]) -> bool:
    return not allowed or found in allowed or (found == "integer" and "number" in allowed)


def _comparable(found: str, wanted: str) -> bool:
    return found == wanted or {found, wanted} <= _NUMBERS


def _object_flaw(value: JsonObject, expected: JsonObject, schema: JsonObject, path: str) -> ValueFlaw | None:
    schema = _option_for("object", schema)
    for name, one in value.items():
        where = f"{path}.{name}" if path else name
        if name in expected:
            if (flaw := value_flaw(one, expected[name], property_of(schema, name), where)) is not None:
                return flaw
        elif not is_default(one, schema, name):
            return ValueFlaw("wrong_value", f"{where} was not expected")
    for name, one in expected.items():
        if name not in value and not is_default(one, schema, name):
            return ValueFlaw("wrong_value", f"{path}.{name} is missing" if path else f"{name} is missing")
    return None


def _array_flaw(
    value: list[JsonValue], expected: list[JsonValue], schema: Mapping[str, JsonValue], path: str
) -> ValueFlaw | None:
    if len(value) != len(expected):
        return ValueFlaw("wrong_value", f"{path or 'it'} has {len(value)} elements, not {len(expected)}")
    items = _option_for("array", schema).get("items")
    for at, (one, other) in enumerate(zip(value, expected, strict=True)):
        if (flaw := value_flaw(one, other, items, f"{path}[{at}]")) is not None:
            return flaw
    return None


def _option_for(type: str, schema: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The schema, or that of its options which is about this type."""
    if "properties" in schema or "items" in schema:
        return schema
    options = (one for one in _options(schema) if isinstance(one, Mapping))
    return next((one for one in options if type in types_of(one)), schema)


def _options(schema: Mapping[str, JsonValue]) -> list[JsonValue]:
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list):
            return options
    return []


def _a(type: str) -> str:
    return "null" if type == "null" else f"{'an' if type[0] in 'aio' else 'a'} {type}"
