"""AWS service models (botocore's `service-2.json`) as the OpenAPI documents that say the same.

    {"metadata": {"serviceId": "SQS", ...}, "operations": {"SendMessage": {"input": {"shape": "..."}, ...}},
     "shapes": {"SendMessageRequest": {"type": "structure", "required": [...], "members": {...}}}}

A call takes the members of the input's structure by their own names, wherever HTTP would carry them: that is
how AWS's SDKs take them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place
from funcdex.types.tools import Toolkit

_SCALARS: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "character": {"type": "string", "minLength": 1, "maxLength": 1},
    "integer": {"type": "integer"},
    "long": {"type": "integer"},
    "short": {"type": "integer"},
    "byte": {"type": "integer"},
    "bigInteger": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "bigDecimal": {"type": "number"},
    "boolean": {"type": "boolean"},
    "timestamp": {"type": "string", "format": "date-time"},
    "blob": {"type": "string", "format": "byte"},
}
_BOUNDS = {
    "string": ("minLength", "maxLength"),
    "list": ("minItems", "maxItems"),
    "map": ("minProperties", "maxProperties"),
    "integer": ("minimum", "maximum"),
    "long": ("minimum", "maximum"),
    "float": ("minimum", "maximum"),
    "double": ("minimum", "maximum"),
}
_VENDOR = re.compile(r"^(?:Amazon|AWS)\s+")


def is_aws_model(data: Any) -> bool:
    """Whether it has what every service model has."""
    return isinstance(data, dict) and data.keys() >= {"metadata", "operations", "shapes"}


def read_aws(data: Mapping[str, Any], place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed service model. Raises ToolDefinitionError."""
    return read_openapi(as_openapi(data), place, notebook)


def as_openapi(data: Mapping[str, Any]) -> dict[str, Any]:
    """The service model in OpenAPI 3.0's form, one path an operation."""
    metadata = _entries(data.get("metadata"))
    title = str(metadata.get("serviceFullName") or metadata.get("serviceId") or "")
    operations = _entries(data.get("operations"))
    return {
        "openapi": "3.0.3",
        "info": {
            "title": title,
            "description": data.get("documentation") or title,
            "x-serviceName": str(metadata.get("serviceId") or _VENDOR.sub("", title)),
        },
        "paths": {
            f"/{name}": {"post": _operation(name, entry)}
            for name, entry in operations.items()
            if isinstance(entry, dict)
        },
        "components": {
            "schemas": {
                name: _schema(shape)
                for name, shape in _entries(data.get("shapes")).items()
                if isinstance(shape, dict)
            }
        },
    }


def _operation(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": name,
        "description": entry.get("documentation") or "",
        "responses": {},
    }
    if entry.get("deprecated") is True:
        made["deprecated"] = True
    if isinstance(entry.get("input"), dict):
        made["requestBody"] = {"content": _content(entry["input"]), "required": True}
    if isinstance(entry.get("output"), dict):
        made["responses"]["200"] = {"content": _content(entry["output"])}
    return made


def _content(reference: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(reference)}}


def _reference(entry: Any) -> dict[str, Any]:
    """A member, in OpenAPI's way: what it refers to, and what is said of it here."""
    if not isinstance(entry, dict) or not isinstance(entry.get("shape"), str):
        return {}
    name = entry["shape"].replace("~", "~0").replace("/", "~1").replace("%", "%25")
    text = entry.get("documentation")
    return {"$ref": f"#/components/schemas/{name}"} | ({"description": text} if isinstance(text, str) else {})


def _schema(shape: dict[str, Any]) -> dict[str, Any]:
    kind = shape.get("type")
    made = dict(_SCALARS.get(kind, {})) if isinstance(kind, str) else {}
    if kind == "structure" and shape.get("document") is not True:
        made = _structure(shape)
    elif kind == "list":
        made = {"type": "array", "items": _reference(shape.get("member"))}
    elif kind == "map":
        made = {"type": "object", "additionalProperties": _reference(shape.get("value"))}
    for key in ("enum", "pattern"):
        if key in shape:
            made[key] = shape[key]
    for given, keyword in zip(("min", "max"), _BOUNDS.get(str(kind), ()), strict=False):
        if given in shape:
            made[keyword] = shape[given]
    if isinstance(shape.get("documentation"), str):
        made["description"] = shape["documentation"]
    return made


def _structure(shape: dict[str, Any]) -> dict[str, Any]:
    members = _entries(shape.get("members"))
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: _reference(member) for name, member in members.items()},
        "additionalProperties": False,
    }
    if isinstance(shape.get("required"), list) and shape["required"]:
        made["required"] = shape["required"]
    return made


def _entries(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
