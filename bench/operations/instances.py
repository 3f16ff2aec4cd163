"""Values that fit a JSON Schema, drawn with a seed: what a model that obeys the schema could write.

Keys stand in schema order, those that are required and not described at the end. Not every schema gets a
value: what contradicts itself, or asks for a text that the pattern sampler does not hit, gets none.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from operations.patterns import sampled

Schema = Mapping[str, Any]
TRIES = 12
PIECES = (
    "report",
    "Zürich",
    "for Ana",
    'the "big" one',
    "a < b",
    "C:\\temp",
    "née",
    "100 %",
    "line\nbreak",
    "日本",
    "/x",
)
FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2024-02-29", "1999-12-31"),
    "date-time": ("2024-05-17T09:30:00Z", "2024-05-17T09:30:00.250+02:00"),
    "time": ("09:30:00Z", "23:59:59+01:00"),
    "duration": ("P3D", "PT1H30M"),
    "email": ("ana.b@example.com", "x+y@example.org"),
    "hostname": ("example.com", "a-1.example.org"),
    "ipv4": ("192.168.0.1", "8.8.8.8"),
    "ipv6": ("2001:db8::1", "::1"),
    "uri": ("https://example.com/a?b=c#d", "urn:isbn:0451450523"),
    "uri-reference": ("/a/b?c=d", "https://example.com"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000",),
}


class NoValue(Exception):
    """The sampler found none."""


def fitting_value(schema: Schema, rng: random.Random) -> Any:
    """A value that jsonschema accepts. Raises NoValue."""
    validator = Draft202012Validator(schema)
    for attempt in range(TRIES):
        try:
            value = _value(schema, rng, 0 if attempt < TRIES // 2 else 3)
        except NoValue:
            continue
        if validator.is_valid(value):
            return value
    raise NoValue


def _value(schema: Any, rng: random.Random, depth: int) -> Any:
    """A value that should fit; deeper ones get smaller."""
    if schema is False or depth > 40:
        raise NoValue
    if not isinstance(schema, Mapping):
        return rng.choice(PIECES)
    for keyword in ("anyOf", "oneOf"):
        if schema.get(keyword):
            rest = {key: value for key, value in schema.items() if key != keyword}
            return _value(_both(rest, rng.choice(schema[keyword])), rng, depth)
    if schema.get("allOf"):
        merged: Any = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            merged = _both(merged, part)
        return _value(merged, rng, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    return _MAKERS[_type(schema, rng)](schema, rng, depth)


def _both(first: Any, second: Any) -> Any:
    """Roughly what fits both; jsonschema has the last word."""
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        return second if isinstance(second, Mapping) or second is False else first
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _type(schema: Schema, rng: random.Random) -> str:
    types = schema.get("type")
    if isinstance(types, list):
        return str(rng.choice(types))
    if types is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(types)


def _object(schema: Schema, rng: random.Random, depth: int) -> dict[str, Any]:
    described = schema.get("properties") or {}
    required = list(dict.fromkeys(schema.get("required") or ()))
    least = schema.get("minProperties", 0)
    chance = 1.0 if least > len(required) else 0.5 / (1 + depth)
    wanted = [name for name in described if name in required or rng.random() < chance]
    value: dict[str, Any] = {}
    for name in wanted[: schema.get("maxProperties")]:
        try:
            value[name] = _value(described[name], rng, depth + 1)
        except NoValue:
            if name in required:
                raise
    value |= {name: rng.choice(PIECES) for name in required if name not in described}
    extra = schema.get("additionalProperties", True)
    if not described and not required and extra is not False:
        names = [f"key {number}" for number in range(max(least, rng.randint(0, 2)))]
        value |= {name: _value(extra, rng, depth + 1) for name in names[: schema.get("maxProperties")]}
    return value


def _array(schema: Schema, rng: random.Random, depth: int) -> list[Any]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    count = least + rng.randint(0, 2 if depth < 3 else 0)
    items: list[Any] = []
    seen: set[str] = set()
    for _ in range(3 * int(min(count, most))):
        if len(items) >= min(count, most):
            break
        try:
            item = _value(schema.get("items", True), rng, depth + 1)
        except NoValue:
            break
        text = json.dumps(item, sort_keys=True)
        if text not in seen or not schema.get("uniqueItems"):
            items.append(item)
        seen.add(text)
    return items


def _string(schema: Schema, rng: random.Random, depth: int) -> str:
    # jsonschema knows a pattern and not every format, so of the two the format is obeyed here.
    if schema.get("format") in FORMATS:
        return rng.choice(FORMATS[schema["format"]])
    if isinstance(schema.get("pattern"), str):
        text = sampled(schema["pattern"], rng)
    else:
        text = " ".join(rng.choices(PIECES, k=rng.randint(1, 3)))
    missing = schema.get("minLength", 0) - len(text)
    text += "".join(rng.choices("abc xyz", k=max(missing, 0)))
    return text[: schema.get("maxLength")]


def _integer(schema: Schema, rng: random.Random, depth: int) -> int:
    low, high = _limits(schema)
    step = schema.get("multipleOf", 1)
    step = step if step == int(step) else 1
    if low == -math.inf:
        low = min(high, 0) - 50 * step
    if high == math.inf:
        high = low + 120 * step
    first, last = math.ceil(low / step), math.floor(high / step)
    if first > last:
        raise NoValue
    return int(rng.randint(first, last) * step)


def _number(schema: Schema, rng: random.Random, depth: int) -> float:
    if schema.get("multipleOf") or rng.random() < 0.3:
        try:
            return _integer(schema, rng, depth)
        except NoValue:
            pass
    low, high = _limits(schema, smallest=0.0)
    low = low if low > -math.inf else min(high, 0.0) - 40.0
    high = high if high < math.inf else low + 90.0
    return round(low + (high - low) * rng.uniform(0.05, 0.95), rng.choice((1, 2, 6)))


def _limits(schema: Schema, smallest: float = 1.0) -> tuple[float, float]:
    """Lowest and highest value; `smallest` is the step off an exclusive bound."""
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf) + smallest)
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf) - smallest)
    return low, high


_MAKERS: Mapping[str, Callable[[Schema, random.Random, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda schema, rng, depth: rng.random() < 0.5,
    "null": lambda schema, rng, depth: None,
}
