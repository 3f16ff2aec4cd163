"""JSON Schema's own judgement of values, by jsonschema, with formats and patterns as they are meant here.

`pattern` and `patternProperties` go through `regex.match`, whose time is bounded whatever the expression
is; jsonschema itself takes Python's `re`, which a hostile pattern can hang for hours. A pattern that cannot
be judged (a backreference, say) raises Unjudged: it is not passed over in silence. `format` is checked as
`formats` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend
from referencing.jsonschema import EMPTY_REGISTRY

from funcdex.grammar.formats import CHECKS
from funcdex.grammar.regex.match import TooCostly, UnknownRegex, search


class Unjudged(Exception):
    """A pattern that nothing can be checked against."""


def check_with(schema: Any) -> Draft202012Validator:
    """A validator of a schema that has been found to be one. Nothing is fetched for a `$ref`."""
    made: Draft202012Validator = _Validator(schema, registry=EMPTY_REGISTRY, format_checker=formats())
    return made


@cache
def formats() -> FormatChecker:
    """The formats of `formats.py`, for jsonschema."""
    checker = FormatChecker(formats=())
    checker.checkers.update({name: (_of_text(check), ()) for name, check in CHECKS.items()})
    return checker


def _of_text(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)


def _found(pattern: str, text: str) -> bool:
    try:
        return search(pattern, text)
    except (UnknownRegex, TooCostly) as error:
        shown = pattern if len(pattern) <= 60 else f"{pattern[:57]}..."
        raise Unjudged(f"its pattern {shown!r} cannot be checked: {error}") from error


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, inner, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, extra: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in known or any(_found(pattern, key) for pattern in patterns):
            continue
        if extra is False:
            yield ValidationError(f"Additional properties are not allowed ({key!r} was unexpected)")
        else:
            yield from validator.descend(value, extra, path=key)


def _type(validator: Any, types: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    # OpenAPI 3.0 says in a keyword of its own that null will do as well.
    if instance is None and schema.get("nullable") is True:
        return
    yield from Draft202012Validator.VALIDATORS["type"](validator, types, instance, schema)


_Validator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "type": _type,
    },
)
