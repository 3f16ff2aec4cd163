"""Google's discovery documents (`discovery#restDescription`) as the OpenAPI documents that say the same.

    {"kind": "discovery#restDescription", "name": "gmail", "parameters": {...}, "schemas": {...},
     "resources": {"users": {"methods": {"stop": {"id": "gmail.users.stop", "path": "...",
      "httpMethod": "POST", "parameters": {...}, "request": {"$ref": "StopRequest"}}}}}}

A method's file content goes to an address of its own and is no argument; that it can have one is noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place, refuse
from funcdex.types.tools import Toolkit

DEEPEST_RESOURCE = 20
_OF_PARAMETERS = frozenset(
    ("location", "required", "repeated", "description", "enumDescriptions", "deprecated")
)


def is_discovery(data: Any) -> bool:
    """Whether it says of itself that it is one."""
    return isinstance(data, dict) and data.get("kind") == "discovery#restDescription"


def read_discovery(data: Mapping[str, Any], place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed document. Raises ToolDefinitionError."""
    return read_openapi(as_openapi(data, place, notebook), place, notebook)


def as_openapi(data: Mapping[str, Any], place: Place, notebook: Notebook) -> dict[str, Any]:
    """The document in OpenAPI 3.0's form; one path a method, since many share an address."""
    shared = [_parameter(name, entry) for name, entry in _objects(data.get("parameters"))]
    paths: dict[str, Any] = {}
    for name, method in _methods(data, place):
        try:
            path, operation = _operation(name, method, place)
        except ToolDefinitionError as error:
            notebook.add(place.file, f"operations are left out ({error.what})", name)
            continue
        if method.get("supportsMediaUpload") is True:
            notebook.add(place.file, "the content of an upload is no argument", name)
        paths[path] = operation
    schemas = {name: _schema(schema) for name, schema in _objects(data.get("schemas"))}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": data.get("title") or data.get("name") or "",
            "description": data.get("description") or "",
            "x-providerName": "googleapis.com",
            "x-serviceName": data.get("name") or "",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {entry["name"]: entry for entry in shared},
        },
    }


def _methods(data: Mapping[str, Any], place: Place, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each method, those of resources inside resources too, under its id or its own name."""
    if depth > DEEPEST_RESOURCE:
        refuse(f"resources are nested deeper than {DEEPEST_RESOURCE} levels", place, "Flatten them.")
    for name, method in _objects(data.get("methods")):
        identifier = method.get("id")
        yield identifier if isinstance(identifier, str) and identifier else name, method
    for _, resource in _objects(data.get("resources")):
        yield from _methods(resource, place, depth + 1)


def _operation(name: str, method: dict[str, Any], place: Place) -> tuple[str, dict[str, Any]]:
    verb, path = method.get("httpMethod", "GET"), method.get("path", "")
    if not isinstance(verb, str) or not isinstance(path, str):
        refuse(f"the method {name!r} has no address", place, "Give it `httpMethod` and `path`.")
    operation: dict[str, Any] = {
        "operationId": name,
        "description": method.get("description") or "",
        "parameters": [_parameter(key, entry) for key, entry in _objects(method.get("parameters"))],
        "responses": {},
    }
    if method.get("deprecated") is True:
        operation["deprecated"] = True
    if isinstance(method.get("request"), dict):
        schema = _schema(method["request"])
        operation["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    if isinstance(method.get("response"), dict):
        schema = _schema(method["response"])
        operation["responses"] = {"200": {"content": {"application/json": {"schema": schema}}}}
    # Addresses are not unique, ids are; the reader asks for path parameters by the braces of this.
    return f"/{path.lstrip('/')}#{name}", {verb.lower(): operation}


def _parameter(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    values = _schema({key: value for key, value in entry.items() if key not in _OF_PARAMETERS})
    if entry.get("repeated") is True:
        values = {"type": "array", "items": values}
    return {
        "name": name,
        "in": "path" if entry.get("location") == "path" else "query",
        "required": entry.get("required") is True,
        "description": entry.get("description") or "",
        "schema": values,
    }


def _schema(schema: Any, depth: int = 0) -> Any:
    """`{"$ref": "Message"}` names a schema of the document; that a field is required, its owner says."""
    if not isinstance(schema, dict) or depth > 100:
        return schema if depth <= 100 else {}
    made = {
        key: value
        for key, value in schema.items()
        if key not in ("id", "required", "annotations", "repeated")
    }
    if isinstance(made.get("$ref"), str):
        made["$ref"] = f"#/components/schemas/{_escaped(made['$ref'])}"
    if made.get("type") == "any":
        del made["type"]
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _schema(one, depth + 1) for name, one in made["properties"].items()}
        required = [name for name, one in _objects(schema["properties"]) if one.get("required") is True]
        if required:
            made["required"] = required
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _schema(made[key], depth + 1)
    return made


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1").replace("%", "%25")


def _objects(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The entries of an object that are objects."""
    entries = value.items() if isinstance(value, dict) else ()
    return [(name, entry) for name, entry in entries if isinstance(entry, dict)]
