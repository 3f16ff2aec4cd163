"""Is this a JSON Schema? The metaschema decides, but only where a quick look cannot.

The quick look knows the keywords that tool definitions use and says yes only where the metaschema would;
it takes microseconds where the metaschema takes milliseconds, and spares the import of jsonschema
(half a second) where all is well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funcdex.errors import panics_as_recursion
from funcdex.toolkits.keywords import LISTED, NAMED, SINGLE, TYPES, Path
from funcdex.toolkits.patterns import compiles


def schema_fault(schema: Any) -> tuple[Path, str] | None:
    """What the metaschema (draft 2020-12) finds wrong, and where in the schema; None if nothing."""
    if plainly_valid(schema):
        return None
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        with panics_as_recursion():
            Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return tuple(error.absolute_path), error.message
    return None


def plainly_valid(schema: Any, inner_too: bool = True) -> bool:
    """True only if the metaschema accepts `schema`; False may mean anything. Without `inner_too` the schemas
    inside are taken to be valid."""
    if isinstance(schema, bool):
        return True
    if not isinstance(schema, dict):
        return False
    return all(_plain_keyword(key, value, inner_too) for key, value in schema.items())


def _plain_keyword(key: str, value: Any, inner_too: bool) -> bool:
    if not inner_too and key in _HOLD_SCHEMAS:
        return isinstance(value, _HOLD_SCHEMAS[key]) and (key not in LISTED or bool(value))
    check = _CHECKS.get(key)
    if check is not None:
        return check(value)
    # What the metaschema does not know, it lets pass; what it knows and we do not, is left to it.
    return not key.startswith("$") and key not in _LEFT_TO_THE_METASCHEMA


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value)) and len(set(value)) == len(value)


def _type(value: Any) -> bool:
    if isinstance(value, str):
        return value in TYPES
    return _texts(value) and bool(value) and all(name in TYPES for name in value)


def _named_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(plainly_valid, value.values()))


def _schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(plainly_valid, value))


_CHECKS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(NAMED, _named_schemas),
    **dict.fromkeys(LISTED, _schemas),
    **dict.fromkeys(SINGLE, plainly_valid),
    **dict.fromkeys(("title", "description", "format", "contentEncoding", "contentMediaType"), _text),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _flag),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _count
    ),
    "multipleOf": lambda value: _number(value) and value > 0,
    "type": _type,
    "enum": lambda value: isinstance(value, list),
    "required": _texts,
    "pattern": compiles,
    "patternProperties": lambda value: _named_schemas(value) and all(map(compiles, value)),
    "const": lambda value: True,
    "default": lambda value: True,
    "examples": lambda value: isinstance(value, list),
}
_HOLD_SCHEMAS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(NAMED, dict),
    **dict.fromkeys(LISTED, list),
    **dict.fromkeys(SINGLE, (dict, bool)),
}
_LEFT_TO_THE_METASCHEMA = frozenset(
    (
        "dependentRequired",
        "dependencies",
        "minContains",
        "maxContains",
        "contentSchema",
    )
)
