"""What an OpenAPI operation answers: when all is well, and when not.

Where a document describes both, the response is `anyOf` the answer and an object that requires `error`, which
is how the rest of the program tells an error from an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.fitting import fitted
from funcdex.toolkits.operation import Operation, Source, json_content
from funcdex.toolkits.place import object_at
from funcdex.toolkits.refs import follow
from funcdex.toolkits.schema import Detail, Expansion, TooLarge

MOST_CHARS = 8_000
"""Characters of one tool's response, about."""

MOST_ERROR_CHARS = 1_200
"""Characters of its error form, which most operations of a document share."""

_ERROR_DETAIL = Detail(2, 100)
_ERROR = re.compile(r"[45](?:\d\d|XX|xx)|default")
_SUCCESS = re.compile(r"2(?:\d\d|XX|xx)")


def response_of(operation: Operation, source: Source) -> dict[str, Any]:
    """The schema of the first 2xx answer that has JSON; `{}` if none has, or if it cannot be made."""
    try:
        schema = _success(operation, source)
        if schema is None:
            return {}
        made = fitted(lambda expansion: expansion.write(schema), "response", MOST_CHARS, operation, source)
        error = _error_of(operation, source) if made else None
        return {"anyOf": [made, error]} if error and error != made else made
    except ToolDefinitionError as error:
        operation.note(source, f"the response is not described ({error.what})")
        return {}


def _error_of(operation: Operation, source: Source) -> dict[str, Any] | None:
    """The form of the operation's errors; None if none says anything, or it cannot be made."""
    where = operation.place.at("responses")
    responses: Mapping[str, Any] = object_at(operation.data.get("responses") or {}, where, "the responses")
    for code in sorted(filter(_ERROR.fullmatch, responses)):
        answer = follow(source.document, responses[code], where)
        schema = json_content(answer.get("content") if isinstance(answer, dict) else None)
        if schema is None:
            continue
        key = _key(schema)
        if key not in source.errors:
            source.errors[key] = _error_form(schema, operation, source)
        if source.errors[key] is not None:
            return source.errors[key]
    return None


def _key(schema: Any) -> bytes:
    try:
        return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # numbers beyond 64 bits, and half surrogate pairs
        return json.dumps(schema, sort_keys=True).encode()


def _error_form(schema: Any, operation: Operation, source: Source) -> dict[str, Any] | None:
    """An object that requires `error`: the document's own if it has that field, else all of it under that."""
    expansion = Expansion(
        source.document, "response", _ERROR_DETAIL, MOST_ERROR_CHARS, operation.place, source.memo
    )
    try:
        made = expansion.write(schema)
    except (TooLarge, ToolDefinitionError):
        return None
    finally:
        source.work.chars_left -= expansion.worked_chars
    properties = made.get("properties")
    if not properties:
        return None
    if properties.get("error", {}).get("type") in ("object", "string"):
        return {**made, "required": [*dict.fromkeys([*made.get("required", []), "error"])]}
    if made.get("type") != "object":
        return None
    return {
        "type": "object",
        "properties": {"error": made},
        "required": ["error"],
        "additionalProperties": False,
    }


def _success(operation: Operation, source: Source) -> Any:
    where = operation.place.at("responses")
    responses: Mapping[str, Any] = object_at(operation.data.get("responses") or {}, where, "the responses")
    other = False
    for code in sorted(code for code in responses if _SUCCESS.fullmatch(code)):
        answer = follow(source.document, responses[code], where)
        content = answer.get("content") if isinstance(answer, dict) else None
        schema = json_content(content)
        if schema is not None:
            return schema
        other = other or bool(content)
    if other:
        operation.note(source, "responses that are not JSON are not described")
    return None
