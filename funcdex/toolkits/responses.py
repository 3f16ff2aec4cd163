"""What an OpenAPI operation answers when all is well."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.fitting import fitted
from funcdex.toolkits.operation import Operation, Source, json_content
from funcdex.toolkits.place import object_at
from funcdex.toolkits.refs import follow

MOST_CHARS = 8_000
"""Characters of one tool's response, about."""

_SUCCESS = re.compile(r"2(?:\d\d|XX|xx)")


def response_of(operation: Operation, source: Source) -> dict[str, Any]:
    """The schema of the first 2xx answer that has JSON; `{}` if none has, or if it cannot be made."""
    try:
        schema = _success(operation, source)
        if schema is None:
            return {}
        return fitted(lambda expansion: expansion.write(schema), "response", MOST_CHARS, operation, source)
    except ToolDefinitionError as error:
        operation.note(source, f"the response is not described ({error.what})")
        return {}


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
