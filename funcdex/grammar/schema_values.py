"""Whether values that a schema lists by itself fit the rest of it, by jsonschema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funcdex.errors import panics_as_recursion
from funcdex.grammar.schema_parts import GENERAL, limits_in

_OWN = GENERAL - {"not", "if", "then", "else"}


def says_more(schema: Mapping[str, Any]) -> bool:
    """Whether there is anything beside types and values in it."""
    return any(keyword not in _OWN for keyword in limits_in(schema, ()))


def fitting(values: list[Any], schema: Mapping[str, Any], document: object) -> list[Any] | None:
    """Those of the values that fit; None if the schema is one that nobody can check them against."""
    # Imported late: it takes half a second, and few schemas limit a value that they list.
    from funcdex.grammar.validation import check_with

    try:
        validator = check_with(document if isinstance(document, Mapping) else {}).evolve(schema=dict(schema))
        with panics_as_recursion():
            return [value for value in values if validator.is_valid(value)]
    except Exception:  # whatever a stranger's schema does to a library
        return None
