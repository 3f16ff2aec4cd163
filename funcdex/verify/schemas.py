"""A JSON value against a tool's JSON Schema (draft 2020-12), by jsonschema.

Nothing is fetched: a `$ref` finds what stands in its own schema or in the standard's meta-schemas, and
nothing else. Formats are checked, and patterns in bounded time: how, and which, is `grammar/validation.py`.
The grammar of a conversation holds to most of them; what it leaves out is found here.
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice

import orjson
from jsonschema import Draft202012Validator, SchemaError, ValidationError

from funcdex.grammar.validation import check_with, formats
from funcdex.types.conversation import JsonValue
from funcdex.types.tools import JsonSchema

MAX_VIOLATIONS = 5
"""Most violations named for one value: the rest often follows from the first, and models read them."""

MAX_MESSAGE_CHARS = 200


class UnusableSchema(Exception):
    """A schema that no value can be checked against. Never leaves this package: it becomes a fault."""


def violations(schema: JsonSchema, value: JsonValue) -> tuple[str, ...]:
    """What is wrong with the value, as `$.path: message`, at most MAX_VIOLATIONS.

    CPU-bound, well under a millisecond for common tools. Raises UnusableSchema.
    """
    try:
        found = tuple(islice(_compiled(_as_text(schema)).iter_errors(value), MAX_VIOLATIONS))
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


def _as_text(schema: JsonSchema) -> str | bytes:
    """For each call again, so it has to be quick; orjson has no numbers beyond 64 bits, and less depth."""
    try:
        return orjson.dumps(schema)
    except TypeError:
        return json.dumps(schema)


@lru_cache(maxsize=4096)
def _compiled(schema_json: str | bytes) -> Draft202012Validator:
    schema = json.loads(schema_json)
    Draft202012Validator.check_schema(schema, format_checker=formats())
    return check_with(schema)


def _described(violation: ValidationError | SchemaError) -> str:
    return f"{violation.json_path}: {_shortened(violation.message)}"


def _shortened(message: str) -> str:
    if len(message) <= MAX_MESSAGE_CHARS:
        return message
    # Both ends stay: the value stands at the front, what is wrong with it at the back.
    half = (MAX_MESSAGE_CHARS - 3) // 2
    return f"{message[:half]}...{message[-half:]}"
