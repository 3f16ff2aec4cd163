"""What an error looks like as the response to a call.

An error is an object whose `error` says something: `{"error": {"code": 404, "message": "No such mail."}}` or
`{"error": "no such mail", "retry": false}`. Not an error: `{"error": null}`, `{"error": ""}`, `{"errors":
[]}`.

A tool whose response schema lists an error among its options (`oneOf`, `anyOf`) fails in that form; every
other tool, most of which tell only what they answer when all is well, fails in the form of `ERROR_SCHEMA`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcdex.types.conversation import JsonValue

if TYPE_CHECKING:
    # A tool knows what it looks like without its form of errors.
    from funcdex.types.tools import JsonSchema

ERROR_SCHEMA: JsonSchema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "minimum": 400, "maximum": 599},
                "message": {"type": "string"},
            },
            "required": ["code", "message"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}
"""The form for tools that describe none: a status code of HTTP, 400 to 599, and a sentence."""


@dataclass(frozen=True, slots=True)
class ResponseForms:
    """What a tool answers when all is well, and when not. `own`: the tool's schema says both."""

    fine: JsonSchema
    error: JsonSchema
    own: bool


def is_error(response: JsonValue) -> bool:
    """Whether a response says that a call failed, whatever the tool."""
    error = response.get("error") if isinstance(response, dict) else None
    return isinstance(error, dict) or (isinstance(error, str) and error != "")


def response_forms(response: JsonSchema) -> ResponseForms:
    """The forms of a tool with this response schema.

    An option is taken for an error if it is an object that requires `error`, which is an object or a string;
    one of the other options must not be one.
    """
    for keyword in ("oneOf", "anyOf"):
        options = response.get(keyword)
        if not isinstance(options, list | tuple):
            continue
        errors = [_not_empty(option) for option in options if _is_error_form(option)]
        fine = [option for option in options if not _is_error_form(option)]
        if errors and fine:
            return ResponseForms(_one_of(response, keyword, fine), {**response, keyword: errors}, own=True)
    return ResponseForms(response, ERROR_SCHEMA, own=False)


def error_codes(response: JsonSchema) -> tuple[int, ...]:
    """The codes that a tool's own form of errors lists; none where it has no form, or lists none."""
    forms = response_forms(response)
    options = forms.error.get("oneOf") or forms.error.get("anyOf")
    for option in options if forms.own and isinstance(options, list | tuple) else ():
        found: Any = option
        for key in ("properties", "error", "properties", "code", "enum"):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, list | tuple):
            return tuple(code for code in found if type(code) is int)
    return ()


def _one_of(response: JsonSchema, keyword: str, options: list[Any]) -> JsonSchema:
    """These options alone; a single one as it is, where nothing that counts stands beside it."""
    others = {key: value for key, value in response.items() if key != keyword}
    if len(options) == 1 and others.keys() <= _NOTES:
        return {**others, **options[0]}
    return {**others, keyword: options}


_NOTES = frozenset({"description", "title", "$defs", "definitions"})


def _is_error_form(option: object) -> bool:
    if not isinstance(option, Mapping):
        return False
    properties, required = option.get("properties"), option.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list | tuple):
        return False
    error = properties.get("error")
    return "error" in required and isinstance(error, Mapping) and error.get("type") in ("object", "string")


def _not_empty(option: Mapping[str, Any]) -> JsonSchema:
    """The error form without `""`, which says nothing."""
    error = option["properties"]["error"]
    if error["type"] == "object" or error.get("minLength"):
        return option
    return {**option, "properties": {**option["properties"], "error": {**error, "minLength": 1}}}
