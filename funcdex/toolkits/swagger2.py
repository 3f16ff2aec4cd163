"""Swagger 2.0 documents as the OpenAPI 3.0 documents that say the same.

Pure, and in one pass over what differs: bodies and forms become request bodies, answers get media types,
types of parameters move into a schema, definitions move below `components`. What an importer has no use
for (hosts, security, headers of answers) is not carried over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_JSON = "application/json"
_MULTIPART = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"
_MOVED = (
    ("#/definitions/", "#/components/schemas/"),
    ("#/parameters/", "#/components/parameters/"),
    ("#/responses/", "#/components/responses/"),
)
# What describes a parameter itself; all else that stands in it describes its values.
_OF_PARAMETERS = frozenset(
    ("name", "in", "description", "required", "allowEmptyValue", "collectionFormat", "deprecated", "schema")
)
_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited", "csv": "form", "tsv": "form", "multi": "form"}


def is_swagger2(data: Any) -> bool:
    """Whether parsed content is of version 2.0."""
    is_one = isinstance(data, dict) and "openapi" not in data
    return is_one and str(data.get("swagger")) in ("2", "2.0")


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document in OpenAPI 3.0's form. Parts of a wrong kind stay as they are: the reader names them. What
    others refer to stands in its old place, too."""
    moved = _with_moved_references(data)
    shared = _named(moved.get("parameters"))
    paths = moved.get("paths")
    schemas = moved.get("definitions") or {}
    # A shared body is no parameter there: it is written out where it is used.
    parameters = {name: _parameter(entry) for name, entry in shared.items() if not _is_body(entry)}
    responses = {name: _response(entry, moved) for name, entry in _named(moved.get("responses")).items()}
    return {
        "openapi": "3.0.3",
        "info": moved.get("info") or {},
        "paths": {path: _path(item, shared, moved) for path, item in paths.items()}
        if isinstance(paths, dict)
        else paths,
        "components": {
            "schemas": schemas,
            "parameters": parameters,
            "responses": responses,
            "securitySchemes": _named(moved.get("securityDefinitions")),
        },
        **{"definitions": schemas, "parameters": parameters, "responses": responses},
        **{key: value for key, value in moved.items() if key.startswith("x-")},
    }


def _with_moved_references(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which references point to where things stand in OpenAPI 3."""
    copies: dict[int, Any] = {}  # aliases of YAML stand for one object: copied once

    def copied(value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        known = copies.get(id(value))
        if known is None:
            if isinstance(value, list):
                known = [copied(one) for one in value]
            else:
                known = {key: copied(one) for key, one in value.items()}
                if isinstance(known.get("$ref"), str):
                    known["$ref"] = _moved(known["$ref"])
            copies[id(value)] = known
        return known

    return {key: copied(value) for key, value in data.items()}


def _moved(reference: str) -> str:
    """One into this document; another may be of any version."""
    for old, new in _MOVED:
        if reference.startswith(old):
            return new + reference[len(old) :]
    return reference


def _path(item: Any, shared: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    common, bodies = _split(item.get("parameters"), shared)
    made: dict[str, Any] = {
        key: value for key, value in item.items() if key not in _METHODS and key != "parameters"
    }
    made["parameters"] = common
    for method in _METHODS:
        if isinstance(item.get(method), dict):
            made[method] = _operation(item[method], bodies, shared, root)
    return made


def _operation(
    data: dict[str, Any], bodies: list[Any], shared: Mapping[str, Any], root: Mapping[str, Any]
) -> dict[str, Any]:
    parameters, own = _split(data.get("parameters"), shared)
    made = {key: value for key, value in data.items() if key not in ("consumes", "produces", "schemes")}
    made["parameters"] = parameters
    body = _request_body([*bodies, *own], _media_types(data, root, "consumes"))
    if body is not None:
        made["requestBody"] = body
    if isinstance(data.get("responses"), dict):
        produces = _media_types(data, root, "produces")
        made["responses"] = {
            code: _response(entry, root, produces) for code, entry in data["responses"].items()
        }
    return made


def _split(given: Any, shared: Mapping[str, Any]) -> tuple[Any, list[dict[str, Any]]]:
    """Parameters, and what stands among them and is of the body."""
    if not isinstance(given, list):
        return given or [], []
    parameters: list[Any] = []
    bodies: list[dict[str, Any]] = []
    for entry in given:
        target = _target(entry, shared)
        if _is_body(target):
            bodies.append(target)
        else:
            parameters.append(_parameter(entry))
    return parameters, bodies


def _target(entry: Any, shared: Mapping[str, Any]) -> Any:
    reference = entry.get("$ref") if isinstance(entry, dict) else None
    prefix = "#/components/parameters/"
    if isinstance(reference, str) and reference.startswith(prefix):
        return shared.get(reference[len(prefix) :].replace("~1", "/").replace("~0", "~"), entry)
    return entry


def _is_body(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("in") in ("body", "formData")


def _parameter(entry: Any) -> Any:
    if not isinstance(entry, dict) or "$ref" in entry or "in" not in entry:
        return entry
    made = {key: value for key, value in entry.items() if key in _OF_PARAMETERS}
    made.setdefault("schema", _values(entry))
    if "collectionFormat" in entry:
        made["style"] = _STYLES.get(str(entry["collectionFormat"]), "form")
        made["explode"] = made.pop("collectionFormat") == "multi"
    return made


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a parameter's values. A file is its content."""
    made = {key: value for key, value in entry.items() if key not in _OF_PARAMETERS}
    return {**made, "type": "string", "format": "binary"} if made.get("type") == "file" else made


def _request_body(entries: list[dict[str, Any]], media_types: list[str]) -> dict[str, Any] | None:
    """One body: that of the operation itself, which comes last, or a form of all fields."""
    bodies = [entry for entry in entries if entry.get("in") == "body"]
    if bodies:
        body = bodies[-1]
        content = {media_type: {"schema": body.get("schema") or {}} for media_type in media_types or [_JSON]}
        return {"required": body.get("required") is True, "content": content}
    fields = {entry["name"]: entry for entry in entries if isinstance(entry.get("name"), str)}
    if not fields:
        return None
    required = [name for name, entry in fields.items() if entry.get("required") is True]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field(entry) for name, entry in fields.items()},
    }
    is_multipart = _MULTIPART in media_types or any(entry.get("type") == "file" for entry in fields.values())
    content = {
        _MULTIPART if is_multipart else _FORM: {
            "schema": schema | ({"required": required} if required else {})
        }
    }
    return {"required": bool(required), "content": content}


def _field(entry: dict[str, Any]) -> dict[str, Any]:
    text = entry.get("description")
    return _values(entry) | ({"description": text} if isinstance(text, str) else {})


def _response(entry: Any, root: Mapping[str, Any], produces: list[str] | None = None) -> Any:
    if not isinstance(entry, dict) or "schema" not in entry:
        return entry
    made = {key: value for key, value in entry.items() if key not in ("schema", "examples", "headers")}
    media_types = _media_types({}, root, "produces") if produces is None else produces
    made["content"] = {media_type: {"schema": entry["schema"]} for media_type in media_types or [_JSON]}
    return made


def _media_types(data: Mapping[str, Any], root: Mapping[str, Any], key: str) -> list[str]:
    given = data.get(key, root.get(key))
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _named(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
