"""A JSON value against a tool's JSON Schema (draft 2020-12), by jsonschema.

Nothing is fetched: a `$ref` finds what stands in its own schema or in the standard's meta-schemas, and
nothing else. Formats are checked, and patterns in bounded time: how, and which, is `grammar/validation.py`.
The grammar of a conversation holds to most of them; what it leaves out is found here.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from functools import lru_cache
from itertools import islice

import orjson
from jsonschema import Draft202012Validator, SchemaError, ValidationError

from funcdex.errors import panics_as_recursion
from funcdex.grammar.validation import check_with, formats
from funcdex.types.conversation import JsonValue
from funcdex.types.tools import JsonSchema
from funcdex.verify.quick_schema import Fits, quick

MAX_VIOLATIONS = 5
"""Most violations named for one value: the rest often follows from the first, and models read them."""

MAX_MESSAGE_CHARS = 200
MOST_KEPT = 4096
"""Schemas that are kept ready."""


class UnusableSchema(Exception):
    """A schema that no value can be checked against. Never leaves this package: it becomes a fault."""


def violations(schema: JsonSchema, value: JsonValue) -> tuple[str, ...]:
    """What is wrong with the value, as `$.path: message`, at most MAX_VIOLATIONS.

    CPU-bound, well under a millisecond for common tools. Raises UnusableSchema.
    """
    try:
        fits, validator = _known(schema)
        if fits is not None and fits(value):
            return ()
        with panics_as_recursion():
            found = tuple(islice(validator.iter_errors(value), MAX_VIOLATIONS))
    except OverflowError:  # `multipleOf` with a whole number beyond what a float can hold
        return ("$: holds a number that is too big to be checked",)
    except SchemaError as error:
        raise UnusableSchema(_described(error)) from error
    except RecursionError as error:
        raise UnusableSchema("it refers to itself without end, or is nested too deep") from error
    # Nothing narrower: a `$ref` that leads to something that is no schema ends in an AttributeError, and
    # who reads a schema from a stranger's file finds more of the kind. The value is plain JSON in any case.
    except Exception as error:
        raise UnusableSchema(_shortened(str(error))) from error
    return tuple(_described(violation) for violation in found)


_Judges = tuple[Fits | None, Draft202012Validator]
"""What tells quickly whether a value fits, where there is such a thing, and what says what is wrong."""

_seen: OrderedDict[int, tuple[JsonSchema, _Judges]] = OrderedDict()


def _known(schema: JsonSchema) -> _Judges:
    """By identity: schemas are never changed, and writing one as text takes longer than checking a value.
    Kept with the answer, so that nothing else has its id."""
    found = _seen.get(id(schema))
    if found is None or found[0] is not schema:
        found = schema, _compiled(_as_text(schema))
        _seen[id(schema)] = found
        if len(_seen) > MOST_KEPT:
            _seen.popitem(last=False)
    return found[1]


def _as_text(schema: JsonSchema) -> str | bytes:
    """orjson has no numbers beyond 64 bits, and less depth."""
    try:
        return orjson.dumps(schema)
    except TypeError:
        return json.dumps(schema)


@lru_cache(maxsize=MOST_KEPT)
def _compiled(schema_json: str | bytes) -> _Judges:
    schema = json.loads(schema_json)
    with panics_as_recursion():
        Draft202012Validator.check_schema(schema, format_checker=formats())
        return quick(schema), check_with(schema)


def _described(violation: ValidationError | SchemaError) -> str:
    return f"{violation.json_path}: {_shortened(violation.message)}"


def _shortened(message: str) -> str:
    if len(message) <= MAX_MESSAGE_CHARS:
        return message
    # Both ends stay: the value stands at the front, what is wrong with it at the back.
    half = (MAX_MESSAGE_CHARS - 3) // 2
    return f"{message[:half]}...{message[-half:]}"
