"""Whether a value fits a JSON Schema, for schemas of the common keywords: as jsonschema says, only sooner.

jsonschema makes a validator object for every part of every value, which costs more than all else that is
verified. Most values are right, and of these nothing more is asked: what is wrong with the others
(`schemas.py`) it tells. Made into functions once; each keyword here is exact, also in what it lets pass
(`minLength` of a number), and a schema with any other keyword that could refuse a value has no such function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from funcdex.grammar.formats import CHECKS

Fits = Callable[[Any], bool]

_IS_TYPE: Mapping[str, Fits] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool)
        and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
}
_SCALARS = (str, int, float, bool, type(None))


class _NotQuick(Exception):
    """A schema with something that only jsonschema judges."""


def quick(schema: Any) -> Fits | None:
    """Whether a value fits the schema, which is a valid one; None if there is no quick way to tell."""
    try:
        return _fits(schema)
    except (_NotQuick, RecursionError):
        return None


def _fits(schema: Any) -> Fits:
    if isinstance(schema, bool):
        return lambda value: schema
    words = [word for word in schema if word in Draft202012Validator.VALIDATORS]
    if unknown := [word for word in words if word not in _KEYWORDS]:
        raise _NotQuick(unknown[0])
    if "properties" in words and "additionalProperties" in words:
        words.remove("additionalProperties")
    made = [_KEYWORDS[word](schema[word], schema) for word in words]
    if len(made) == 1:
        return made[0]
    return lambda value: all(fits(value) for fits in made)


def _type(wanted: Any, schema: Mapping[str, Any]) -> Fits:
    names = [wanted] if isinstance(wanted, str) else [*wanted]
    # As `grammar/validation.py` has it, OpenAPI 3.0 says in a keyword of its own that null will do as well.
    names += ["null"] if schema.get("nullable") is True else []
    checks = [_IS_TYPE[name] for name in names]
    if len(checks) == 1:
        return checks[0]
    return lambda value: any(check(value) for check in checks)


def _object(wanted: Any, schema: Mapping[str, Any]) -> Fits:
    """`properties` and `additionalProperties` together."""
    members = {name: _fits(one) for name, one in schema.get("properties", {}).items()}
    extra = _fits(schema.get("additionalProperties", True))
    open_ = schema.get("additionalProperties", True) is True

    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, item in value.items():
            check = members.get(name)
            if check is not None:
                if not check(item):
                    return False
            elif not open_ and not extra(item):
                return False
        return True

    return fits


def _items(wanted: Any, schema: Mapping[str, Any]) -> Fits:
    item = _fits(wanted)
    return lambda value: not isinstance(value, list) or all(map(item, value))


def _required(wanted: Sequence[str], schema: Mapping[str, Any]) -> Fits:
    return lambda value: not isinstance(value, dict) or all([name in value for name in wanted])


def _enum(wanted: Sequence[Any], schema: Mapping[str, Any]) -> Fits:
    if not all(isinstance(one, _SCALARS) for one in wanted):
        raise _NotQuick("enum")
    return lambda value: any(_same(one, value) for one in wanted)


def _const(wanted: Any, schema: Mapping[str, Any]) -> Fits:
    return _enum([wanted], schema)


def _same(one: Any, value: Any) -> bool:
    """Equal in JSON: true is not 1, and 1 is 1.0."""
    return isinstance(one, bool) == isinstance(value, bool) and bool(one == value)


def _one_of(wanted: Sequence[Any], schema: Mapping[str, Any]) -> Fits:
    options = [_fits(one) for one in wanted]
    return lambda value: sum([option(value) for option in options]) == 1


def _any_of(wanted: Sequence[Any], schema: Mapping[str, Any]) -> Fits:
    options = [_fits(one) for one in wanted]
    return lambda value: any(option(value) for option in options)


def _all_of(wanted: Sequence[Any], schema: Mapping[str, Any]) -> Fits:
    options = [_fits(one) for one in wanted]
    return lambda value: all([option(value) for option in options])


def _format(wanted: str, schema: Mapping[str, Any]) -> Fits:
    check = CHECKS.get(wanted)
    return lambda value: check is None or not isinstance(value, str) or check(value)


def _bound(is_kept: Callable[[Any, Any], bool], of: str) -> Callable[[Any, Mapping[str, Any]], Fits]:
    """Of a number itself, or of how long a text or list and how large an object is."""
    is_of, size = _IS_TYPE[of], (lambda value: value) if of == "number" else len

    def keyword(limit: Any, schema: Mapping[str, Any]) -> Fits:
        return lambda value: not is_of(value) or is_kept(size(value), limit)

    return keyword


def _at_least(size: Any, limit: Any) -> bool:
    return not size < limit


def _at_most(size: Any, limit: Any) -> bool:
    return not size > limit


_KEYWORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Fits]] = {
    "type": _type,
    "properties": _object,
    "additionalProperties": _object,
    "items": _items,
    "required": _required,
    "enum": _enum,
    "const": _const,
    "oneOf": _one_of,
    "anyOf": _any_of,
    "allOf": _all_of,
    "format": _format,
    "minimum": _bound(_at_least, "number"),
    "maximum": _bound(_at_most, "number"),
    "exclusiveMinimum": _bound(lambda size, limit: not size <= limit, "number"),
    "exclusiveMaximum": _bound(lambda size, limit: not size >= limit, "number"),
    "minLength": _bound(_at_least, "string"),
    "maxLength": _bound(_at_most, "string"),
    "minItems": _bound(_at_least, "array"),
    "maxItems": _bound(_at_most, "array"),
    "minProperties": _bound(_at_least, "object"),
    "maxProperties": _bound(_at_most, "object"),
}
