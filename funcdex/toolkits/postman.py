"""Postman collections, v2.0 and v2.1, as the OpenAPI documents that say the same.

A collection has requests with examples and no schemas, so types are those of the examples' values, and only
parts of the path are required. Headers, scripts and authorization are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from funcdex.toolkits.load import json_value
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place, refuse
from funcdex.types.tools import Toolkit

DEEPEST_FOLDER = 30
MOST_EXAMPLE_CHARS = 100_000
_DEEPEST_EXAMPLE = 20
_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//[^/]*|^\{\{[^{}]*\}\}", re.IGNORECASE)
_VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_BARE_VARIABLE = re.compile(r'(?<=[:\[,])\s*\{\{[^{}"]*\}\}\s*(?=[,}\]])')


def is_postman(data: Any) -> bool:
    """Whether it is a collection: it names the schema of collections, and has items."""
    info = data.get("info") if isinstance(data, dict) else None
    schema = info.get("schema") if isinstance(info, dict) else None
    return isinstance(schema, str) and "getpostman.com" in schema and isinstance(data.get("item"), list)


def read_postman(data: Mapping[str, Any], place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed collection. Raises ToolDefinitionError."""
    return read_openapi(as_openapi(data, place, notebook), place, notebook)


def as_openapi(data: Mapping[str, Any], place: Place, notebook: Notebook) -> dict[str, Any]:
    """The collection in OpenAPI 3.0's form, one path a request."""
    info = data.get("info")
    paths: dict[str, Any] = {}
    for index, (name, item) in enumerate(_requests(data, place)):
        request = item["request"]
        if isinstance(request, str):
            request = {"method": "GET", "url": request}
        method, path = str(request.get("method") or "GET").lower(), _path(request.get("url"))
        if "{{" in path:
            notebook.add(place.file, "variables in an address are taken as its parts", name)
        path = _VARIABLE.sub(r"{\1}", path)
        paths[f"{path}#{index}"] = {method: _operation(name, item, request, place, notebook)}
    title = info.get("name") if isinstance(info, dict) else ""
    return {
        "openapi": "3.0.3",
        "info": {"title": title or "", "description": _text(info)},
        "paths": paths,
    }


def _requests(data: Mapping[str, Any], place: Place, depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    if depth > DEEPEST_FOLDER:
        refuse(f"folders are nested deeper than {DEEPEST_FOLDER} levels", place, "Flatten them.")
    items = data.get("item")
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("request"), dict | str):
            yield str(item.get("name") or ""), item
        yield from _requests(item, place, depth + 1)


def _operation(
    name: str, item: dict[str, Any], request: dict[str, Any], place: Place, notebook: Notebook
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "description": _text(request) or _text(item) or name,
        "parameters": [*_parameters(request.get("url"))],
        "responses": _responses(item),
    }
    if request.get("header"):
        notebook.add(place.file, "parameters in header are left out", name)
    content = _body(request.get("body"))
    if content:
        operation["requestBody"] = {"content": content}
    return operation


def _path(url: Any) -> str:
    if isinstance(url, dict) and isinstance(url.get("path"), list):
        steps = [step if isinstance(step, str) else _value(step) for step in url["path"]]
        path = "/" + "/".join(steps)
    else:
        raw = url.get("raw") if isinstance(url, dict) else url
        path = _HOST.sub("", raw if isinstance(raw, str) else "").partition("?")[0]
    return re.sub(r"(?<=/):([A-Za-z_][\w.-]*)", r"{\1}", path if path.startswith("/") else f"/{path}")


def _value(step: Any) -> str:
    value = step.get("value") if isinstance(step, dict) else step
    return value if isinstance(value, str) else ""


def _parameters(url: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(url, dict):
        return
    for key, where in (("variable", "path"), ("query", "query")):
        entries = url.get(key)
        seen: set[str] = set()
        for entry in entries if isinstance(entries, list) else ():
            name = entry.get("key") if isinstance(entry, dict) else None
            if isinstance(name, str) and name and name not in seen:
                seen.add(name)
                yield {
                    "name": name,
                    "in": where,
                    "required": where == "path",
                    "description": _text(entry),
                    "schema": {"type": "string"},
                }


def _body(body: Any) -> dict[str, Any]:
    """`content` of what the example sends: its JSON, or the fields of its form."""
    mode = body.get("mode") if isinstance(body, dict) else None
    if mode == "raw":
        example = _example(body.get("raw"))
        return {} if example is _NO_JSON else {"application/json": {"schema": schema_like(example)}}
    if mode not in ("urlencoded", "formdata") or not isinstance(body.get(mode), list):
        return {}
    fields = {
        entry["key"]: _field(entry)
        for entry in body[mode]
        if isinstance(entry, dict) and isinstance(entry.get("key"), str)
    }
    media_type = "multipart/form-data" if mode == "formdata" else "application/x-www-form-urlencoded"
    return {media_type: {"schema": {"type": "object", "properties": fields}}} if fields else {}


def _field(entry: dict[str, Any]) -> dict[str, Any]:
    kind = {"type": "string", "format": "binary"} if entry.get("type") == "file" else {"type": "string"}
    text = _text(entry)
    return kind | ({"description": text} if text else {})


def _responses(item: dict[str, Any]) -> dict[str, Any]:
    """The first example of each status that is JSON."""
    made: dict[str, Any] = {}
    given = item.get("response")
    for answer in given if isinstance(given, list) else ():
        code = str(answer.get("code")) if isinstance(answer, dict) else ""
        example = _example(answer.get("body")) if code not in made and code != "" else _NO_JSON
        if example is not _NO_JSON:
            made[code] = {"content": {"application/json": {"schema": schema_like(example)}}}
    return made


_NO_JSON = object()


def _example(text: Any) -> Any:
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_EXAMPLE_CHARS:
        return _NO_JSON
    try:
        return json_value(_BARE_VARIABLE.sub("null", text))
    except (ValueError, RecursionError):
        return _NO_JSON


def schema_like(value: Any, depth: int = 0) -> dict[str, Any]:
    """A schema that `value` fits: types, fields and the first item's form; nothing is required."""
    if depth > _DEEPEST_EXAMPLE:
        return {}
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {name: schema_like(one, depth + 1) for name, one in value.items()},
        }
    if isinstance(value, list):
        return {"type": "array", "items": schema_like(value[0], depth + 1) if value else {}}
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return {"type": name}
    return {}


def _text(entry: Any) -> str:
    """A description, which may be a text or an object with one."""
    given = entry.get("description") if isinstance(entry, dict) else None
    if isinstance(given, dict):
        given = given.get("content")
    return given if isinstance(given, str) else ""
