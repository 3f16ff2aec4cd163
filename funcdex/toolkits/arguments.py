"""What the call of an OpenAPI operation takes: one object of path, query and body together.

What a program adds by itself (headers, credentials, the form of the answer) is no argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from funcdex.toolkits.fitting import fitted
from funcdex.toolkits.operation import Operation, Source, is_json, json_content, media_schema
from funcdex.toolkits.place import array_at, member, object_at, text_at
from funcdex.toolkits.prose import description_of
from funcdex.toolkits.refs import follow
from funcdex.toolkits.schema import DESCRIPTION_CHARS, Expansion

# Rules: where arguments may stand, and which query parameters are none of a caller's business. The
# `apiKey` schemes of a document come on top.
ARGUMENT_PLACES = ("path", "query")
TECHNICAL = frozenset(
    (
        "$.xgafv",
        "access_token",
        "api-key",
        "api_key",
        "apikey",
        "auth_token",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "upload_protocol",
    )
)
# These are honest arguments elsewhere; in Google's documents every operation has them.
TECHNICAL_AT_GOOGLE = TECHNICAL | {"alt", "callback", "fields", "key", "uploadType", "userIp"}

MOST_CHARS = 12_000
"""Characters of one tool's parameters, about: 3,000 tokens of every prompt that shows it."""

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TEMPLATE = re.compile(r"\{\+?([^{}]+)\}")
_CLASH = "a field of the body has the name of a parameter, so the body stands under `body`"


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    data: Mapping[str, Any]
    required: bool


@dataclass(frozen=True, slots=True)
class _Body:
    schema: Any
    required: bool


@dataclass(frozen=True, slots=True)
class _Fields:
    """What the body adds to the arguments. `closed`: it takes no others than these."""

    properties: dict[str, Any]
    required: list[str]
    closed: bool = True


def parameters_of(operation: Operation, source: Source) -> dict[str, Any]:
    """The schema of the arguments. Raises ToolDefinitionError if it cannot be made."""
    parameters, body = _parameters(operation, source), _body(operation, source)

    def write(expansion: Expansion) -> dict[str, Any]:
        return _arguments(parameters, body, expansion)

    return fitted(write, "request", MOST_CHARS, operation, source)


def _arguments(parameters: list[_Parameter], body: _Body | None, expansion: Expansion) -> dict[str, Any]:
    """What must be given comes first, then the body's fields, then the other parameters."""
    written = {parameter.name: _argument(parameter, expansion) for parameter in parameters}
    needed = [parameter.name for parameter in parameters if parameter.required]
    fields = _fields(body, written.keys(), expansion) if body else _Fields({}, [])
    properties = {name: written[name] for name in needed} | fields.properties | written
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if needed or fields.required:
        schema["required"] = [*needed, *fields.required]
    return schema | ({"additionalProperties": False} if fields.closed else {})


def _argument(parameter: _Parameter, expansion: Expansion) -> dict[str, Any]:
    content = parameter.data.get("content")
    media = next(iter(content.values())) if isinstance(content, dict) and content else parameter.data
    written = expansion.write(media_schema(media), level=1)
    text = description_of(parameter.data, expansion.detail.description_chars)
    expansion.spend(len(parameter.name) + len(text) + DESCRIPTION_CHARS)
    if not written.keys() & {"type", "enum", "anyOf"}:
        written = {"type": "string"} | written
    return written | ({"description": text} if text else {})


def _fields(body: _Body, taken: Iterable[str], expansion: Expansion) -> _Fields:
    flat, _ = expansion.flat(body.schema)
    written = expansion.write(body.schema)
    properties: dict[str, Any] = written.get("properties", {})
    is_open = flat.get("additionalProperties", False) is not False
    named = properties or (flat.get("properties") and not is_open)
    if written.get("type") == "object" and "anyOf" not in written and named:
        if not properties.keys() & set(taken):
            return _Fields(properties, written.get("required", []), not is_open)
        expansion.changes.add(_CLASH)
    name = "body" if "body" not in taken else "request_body"
    return _Fields({name: written}, [name] if body.required else [])


def _parameters(operation: Operation, source: Source) -> list[_Parameter]:
    """Path and query parameters that a caller thinks about; what an operation says overrides its path."""
    found: dict[str, _Parameter] = {}
    for (where, name), data in _declared(operation, source).items():
        if where not in ARGUMENT_PLACES:
            operation.note(source, f"parameters in {where} are left out", name)
        elif where == "query" and name in source.technical:
            operation.note(source, "technical parameters are left out", name)
        elif where == "path" or name not in found:  # the path's cannot be done without
            found[name] = _Parameter(name, data, where == "path" or data.get("required") is True)
    for name in _TEMPLATE.findall(operation.path):
        if name not in found:
            found[name] = _Parameter(name, {}, True)
            operation.note(source, "parts of a path that are not described are taken as texts", name)
    return list(found.values())


def _declared(operation: Operation, source: Source) -> dict[tuple[str, str], Mapping[str, Any]]:
    """All parameters by place (`query`) and name."""
    where = operation.place.at("parameters")
    own = array_at(operation.data.get("parameters") or [], where, "the list of parameters")
    declared: dict[tuple[str, str], Mapping[str, Any]] = {}
    for entry in (*operation.shared, *own):
        data = object_at(follow(source.document, entry, where), where, "a parameter")
        name = text_at(member(data, "name", where), where, "a parameter's name")
        declared[text_at(member(data, "in", where), where, "a parameter's place"), name] = data
    return declared


def _body(operation: Operation, source: Source) -> _Body | None:
    given = operation.data.get("requestBody")
    if given is None:
        return None
    where = operation.place.at("requestBody")
    data = object_at(follow(source.document, given, where), where, "a request body")
    content = object_at(data.get("content") or {}, where.at("content"), "the content of a request body")
    schema = json_content(content)
    if schema is None:
        schema = _other_content(content, operation, source)
    return None if schema is None else _Body(schema, data.get("required") is True)


def _other_content(content: dict[str, Any], operation: Operation, source: Source) -> Any:
    """The schema of a body that is not JSON: of a form, else of whatever has fields, else of text."""
    media_types = sorted((name for name in content if not is_json(name)), key=lambda name: name not in _FORMS)
    for media_type in media_types:
        schema = media_schema(content[media_type])
        flat = follow(source.document, schema, operation.place)
        if isinstance(flat, dict) and (flat.get("properties") or flat.get("allOf")):
            operation.note(source, f"the fields of a body of type {media_type} are taken as arguments")
            return schema
    for media_type in media_types:
        if media_type.startswith("text/"):
            operation.note(source, f"a body of type {media_type} is taken as the text argument `body`")
            return {"type": "string"}
    if media_types:
        operation.note(source, f"a body of type {media_types[0]} is left out")
    return None
