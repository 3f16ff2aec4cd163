"""Reads one operation of an OpenAPI 3 document by itself, to compare importers with: arguments by name, each
with its type, its enum and whether it is required. Shares no code with the importers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
_JSON_FIRST = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True)
class Argument:
    """What a document says of one argument. `types` is empty and `enum` None where it says nothing."""

    types: frozenset[str]
    enum: tuple[Any, ...] | None
    required: bool


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(method, path, path item, operation) of each."""
    for path, item in (document.get("paths") or {}).items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                yield method, path, item, item[method]


def arguments(
    document: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]
) -> dict[str, Argument]:
    """Path and query parameters, and the fields of a body that is one object."""
    found: dict[str, Argument] = {}
    for entry in [*item.get("parameters", []), *operation.get("parameters", [])]:
        parameter = target(document, entry)
        if parameter.get("in") in ("path", "query"):
            content = next(iter(parameter.get("content", {}).values()), parameter)
            schema = whole(document, content.get("schema", {}))
            required = parameter["in"] == "path" or parameter.get("required") is True
            found[parameter["name"]] = _argument(schema, required)
    body = whole(document, _body_schema(document, operation))
    for name, schema in body.get("properties", {}).items():
        field = whole(document, schema)
        if field.get("readOnly") is not True and name not in found:
            found[name] = _argument(field, name in body.get("required", []))
    return found


def target(document: dict[str, Any], value: Any) -> dict[str, Any]:
    """What a reference names, as far as it leads."""
    for _ in range(20):
        reference = value.get("$ref") if isinstance(value, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        value = document
        for part in reference[2:].split("/"):
            key = part.replace("%7B", "{").replace("%7D", "}").replace("%20", " ")
            value = value[key.replace("~1", "/").replace("~0", "~")]
    return value if isinstance(value, dict) else {}


def whole(document: dict[str, Any], schema: Any, depth: int = 0) -> dict[str, Any]:
    """A schema with what `allOf` adds to it."""
    made = dict(target(document, schema))
    for part in made.pop("allOf", []) if depth < 20 else []:
        other = whole(document, part, depth + 1)
        made["properties"] = {**other.get("properties", {}), **made.get("properties", {})}
        made["required"] = [*made.get("required", []), *other.get("required", [])]
        made = {**other, **made}
    return made


def _body_schema(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    content = target(document, operation.get("requestBody", {})).get("content", {})
    for wanted in _JSON_FIRST:
        if wanted in content:
            return content[wanted].get("schema", {})
    return next((media.get("schema", {}) for name, media in content.items() if "json" in name), {})


def _argument(schema: dict[str, Any], required: bool) -> Argument:
    kinds = schema.get("type")
    types = frozenset(kinds if isinstance(kinds, list) else [kinds] if kinds else [])
    if schema.get("nullable") is True and types:
        types |= {"null"}
    enum = schema.get("enum")
    return Argument(types, tuple(enum) if isinstance(enum, list) and enum else None, required)
