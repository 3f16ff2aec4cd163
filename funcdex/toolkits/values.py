"""The keywords of one OpenAPI schema that say what a value may be, as JSON Schema 2020-12 says it.

Documents in the wild are wrong in small ways (an enum of numbers in a `string`, a pattern that is no
regular expression): what cannot hold is dropped, so that at least one value fits what stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from funcdex.toolkits.keywords import TYPES
from funcdex.toolkits.patterns import compiles, unslashed

LONGEST_ENUM = 60
LONGEST_PATTERN = 200
_EXACT = 2**53  # beyond it, JSON readers disagree about a number
_FORMATS = frozenset(
    (
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "uuid",
    )
)
_BINARY = ("application/octet-stream", "image/", "audio/", "video/", "application/pdf", "application/zip")
_COUNTS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
_COUNT_KEYWORDS = frozenset(keyword for pair in _COUNTS for keyword in pair)
_LIMITS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
_BOUND_KEYWORDS = frozenset(("multipleOf", *(keyword for pair in _LIMITS for keyword in pair)))


def value_keywords(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Type, enum, bounds, format, pattern, default of an OpenAPI 3.0 or 3.1 schema; no subschemas."""
    made: dict[str, Any] = {}
    types = _types(schema)
    enum = _enum(schema, types)
    if enum is not None:
        made["enum"] = enum
        types = types if all(_is_one_of(value, types) for value in enum) else ()
    if types:
        made = {"type": types[0] if len(types) == 1 else list(types)} | made
    # Most schemas have none of these, and a document may have millions.
    if not _BOUND_KEYWORDS.isdisjoint(schema):
        made |= _bounds(schema, "integer" in types and "number" not in types)
    if not _COUNT_KEYWORDS.isdisjoint(schema):
        made |= _counts(schema)
    made |= _text_rules(schema)
    if schema.get("uniqueItems") is True:
        made["uniqueItems"] = True
    default = schema.get("default")
    if (
        isinstance(default, str | int | float)
        and _is_one_of(default, types)
        and default in (enum or [default])
    ):
        made["default"] = default
    return made


def is_nullable(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAPI 3.0 says that null will do as well."""
    return schema.get("nullable") is True


def is_content(schema: Mapping[str, Any]) -> bool:
    """Whether it stands for bytes: of a file (`binary`), in base64 (`byte`), or as OpenAPI 3.1 says it."""
    if schema.get("type") not in ("string", None):
        return False
    if schema.get("format") in ("binary", "byte") or schema.get("contentEncoding") == "base64":
        return True
    media_type = schema.get("contentMediaType")
    return isinstance(media_type, str) and media_type.startswith(_BINARY)


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    given = schema.get("type")
    names = given if isinstance(given, list) else [given]
    types = [name for name in dict.fromkeys(map(_type_name, names)) if name in TYPES]
    if not types and isinstance(schema.get("properties"), dict):
        types = ["object"]
    if not types and "items" in schema:
        types = ["array"]
    if types and is_nullable(schema) and "null" not in types:
        types.append("null")
    return tuple(types)


def _type_name(given: Any) -> str:
    return given.lower() if isinstance(given, str) else ""


def _enum(schema: Mapping[str, Any], types: tuple[str, ...]) -> list[Any] | None:
    """Values allowed: those that fit the type if any do, else as written; None if anything is."""
    given = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(given, list) or not given:
        return None
    fitting = [value for value in given if _is_one_of(value, types)] or given
    cut = fitting[:LONGEST_ENUM]
    return cut if not is_nullable(schema) or None in cut else [*cut, None]


def _is_one_of(value: Any, types: tuple[str, ...]) -> bool:
    return not types or any(_CLASSES[name](value) for name in types)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CLASSES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _bounds(schema: Mapping[str, Any], whole: bool) -> dict[str, Any]:
    """Numeric limits. OpenAPI 3.0 says with true or false whether `minimum` itself is meant."""
    made: dict[str, Any] = {}
    for inclusive, exclusive in _LIMITS:
        limit, strict = schema.get(inclusive), schema.get(exclusive)
        if _is_exact(limit):
            made[exclusive if strict is True else inclusive] = _tidy(limit, whole)
        if _is_exact(strict):
            made[exclusive] = _tidy(strict, whole)
    lowest = max((made[key] for key in ("minimum", "exclusiveMinimum") if key in made), default=-math.inf)
    highest = min((made[key] for key in ("maximum", "exclusiveMaximum") if key in made), default=math.inf)
    if lowest >= highest and not (lowest == highest and made.keys() <= {"minimum", "maximum"}):
        made = {}
    step = schema.get("multipleOf")
    if _is_exact(step) and step > 0:
        made["multipleOf"] = step
    return made


def _is_exact(value: Any) -> TypeGuard[float]:
    return _is_number(value) and abs(value) <= _EXACT


def _tidy(value: float, whole: bool) -> float:
    return int(value) if whole and value == int(value) else value


def _counts(schema: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for low, high in _COUNTS:
        pair = {key: schema[key] for key in (low, high) if _is_count(schema.get(key))}
        if pair.get(low, 0) <= pair.get(high, math.inf):
            made |= {key: value for key, value in pair.items() if not (key == low and value == 0)}
    return made


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _EXACT


def _text_rules(schema: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    form = schema.get("format")
    if isinstance(form, str) and form in _FORMATS:
        made["format"] = form
    if is_content(schema):
        made["contentEncoding"] = "base64"
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and len(pattern) <= LONGEST_PATTERN and compiles(unslashed(pattern)):
        made["pattern"] = unslashed(pattern)
    return made
