"""OpenAPI documents, 3.0 and 3.1, and Swagger 2.0 by upgrade: one becomes one toolkit, an operation one tool.

An operation that cannot be a tool is left out with a note; the others stay. Only a document of which
nothing can be used is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.arguments import TECHNICAL, TECHNICAL_AT_GOOGLE, parameters_of
from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.documents import Home, openapi_document
from funcdex.toolkits.names import name_from, toolkit_name_from, unique_name
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.operation import Operation, Source
from funcdex.toolkits.place import Place, array_at, object_at, refuse
from funcdex.toolkits.prose import description_of, plain, shortened
from funcdex.toolkits.refs import follow
from funcdex.toolkits.responses import response_of
from funcdex.toolkits.swagger2 import is_swagger2, upgraded
from funcdex.types.tools import Tool, Toolkit

METHODS = ("get", "put", "post", "delete", "patch")
LEFT_OUT_METHODS = ("head", "options", "trace")
MOST_DESCRIPTION_CHARS = 1000
"""What every API takes as a function's description (OpenAI: 1,024)."""

# Words of a title that do not tell one application from another.
_NOT_A_NAME = re.compile(
    r"^\s*(?:the|an?)\s|\b(?:(?:public|rest(?:ful)?|open)\s*)?(?:web\s*)?(?:apis?|openapi|swagger)\b"
    r"|\bv?\d+(?:\.\d+)*\b|\b(?:specification|spec|documentation|docs|reference|definition)\b",
    re.IGNORECASE,
)
_MOST_NAME_WORDS = 4


def read_openapi(
    data: Mapping[str, Any],
    place: Place,
    notebook: Notebook,
    references: ToolReferences = "refuse",
    home: Home | None = None,
) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed document, whose references are rewritten. It is a file, or fetched from its
    home. Raises ToolDefinitionError."""
    data = _of_version_3(data, place)
    name = _toolkit_name(data, place)
    document = openapi_document(data, Path(place.file), references, home)
    source = Source(document, _technical(data), notebook)
    taken: dict[str, int] = {}
    made: list[tuple[Tool, Place]] = []
    reasons: list[ToolDefinitionError] = []
    for operation in _operations(source, place):
        try:
            tool = _tool(operation, source, name, taken)
        except ToolDefinitionError as error:
            reasons.append(error)
            operation.note(source, f"operations are left out ({error.what})")
        else:
            taken[tool.name] = 2
            made.append((tool, operation.place))
    if not made:
        why, fix = (f" ({reasons[0].what})", reasons[0].fix) if reasons else ("", "Describe one.")
        refuse(f"the document has no operation that can be a tool{why}", place.at("paths"), fix)
    description = shortened(plain(_info(data, "description") or _info(data, "title")), MOST_DESCRIPTION_CHARS)
    return (make_toolkit(name, description, made, place),)


def _of_version_3(data: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    if is_swagger2(data):
        return upgraded(data)
    version = str(data.get("openapi", data.get("swagger")))
    if not version.startswith("3."):
        refuse(f"OpenAPI {version} is not read", place, "Convert the document to OpenAPI 3.0 or 3.1.")
    return data


def _tool(operation: Operation, source: Source, toolkit: str, taken: dict[str, int]) -> Tool:
    identifier = operation.data.get("operationId")
    wanted = name_from(str(identifier)) if isinstance(identifier, str | int) else ""
    name = unique_name(wanted or name_from(f"{operation.method.upper()}_{operation.path}"), taken)
    if wanted and name != wanted:
        operation.note(source, "an operationId that is there twice gets a number", name)
    parameters = parameters_of(operation, source)
    response = response_of(operation, source)
    return make_tool(
        toolkit,
        name,
        _description(operation),
        parameters,
        response,
        operation.place,
        original_name=str(identifier) if wanted else str(operation),
        deprecated=operation.data.get("deprecated") is True,
        checked=source.checked,
    )


def _description(operation: Operation) -> str:
    """What it does, in the document's words; method and path if it has none."""
    return description_of(operation.data, MOST_DESCRIPTION_CHARS) or str(operation)


def _operations(source: Source, place: Place) -> Iterator[Operation]:
    paths = object_at(source.document.root.get("paths") or {}, place.at("paths"), "the object of paths")
    for path, entry in paths.items():
        if path.startswith("x-"):
            continue
        where = place.at("paths", path)
        try:
            item = object_at(follow(source.document, entry, where), where, "a path")
            shared = array_at(item.get("parameters") or [], where.at("parameters"), "the list of parameters")
        except ToolDefinitionError as error:
            source.notebook.add(place.file, f"paths are left out ({error.what})", path)
            continue
        for method in item:
            if method in LEFT_OUT_METHODS:
                source.notebook.add(place.file, f"the method {method.upper()} is left out", path)
            elif method in METHODS and isinstance(item[method], dict):
                yield Operation(method, path, item[method], shared, where.at(method))


def _technical(data: Mapping[str, Any]) -> frozenset[str]:
    is_google = _info(data, "x-providerName") == "googleapis.com" or "$.xgafv" in _shared_names(data)
    return (TECHNICAL_AT_GOOGLE if is_google else TECHNICAL) | _credentials(data)


def _shared_names(data: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(entry.get("name")) for entry in _components(data, "parameters"))


def _credentials(data: Mapping[str, Any]) -> frozenset[str]:
    """Names of the query parameters that the document's security schemes use."""
    return frozenset(
        str(scheme.get("name"))
        for scheme in _components(data, "securitySchemes")
        if scheme.get("type") == "apiKey" and scheme.get("in") == "query"
    )


def _components(data: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    components = data.get("components")
    entries = components.get(kind) if isinstance(components, dict) else None
    return (
        [entry for entry in entries.values() if isinstance(entry, dict)] if isinstance(entries, dict) else []
    )


def _toolkit_name(data: Mapping[str, Any], place: Place) -> str:
    """From the service's name, the provider's domain, the title, or else the file's name."""
    provider = _info(data, "x-providerName").rpartition(".")[0]
    words = _NOT_A_NAME.sub(" ", plain(_info(data, "title"))).split()[:_MOST_NAME_WORDS]
    for text in (_info(data, "x-serviceName"), provider, " ".join(words), PurePath(place.file).stem):
        name = toolkit_name_from(text)
        if name:
            return name
    return "tools"


def _info(data: Mapping[str, Any], key: str) -> str:
    info = data.get("info")
    text = info.get(key) if isinstance(info, dict) else None
    return text if isinstance(text, str) else ""
