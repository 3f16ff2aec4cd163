"""funcdex's own format: one toolkit, or an array of them, with a JSON Schema for what a tool takes and gives.

{"toolkit": "gmail", "description": "...",
 "tools": [{"name": "SEND", "description": "...", "parameters": {...}, "response": {...}}]}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, array_at, member, object_at, refuse_unknown_keys, text_at
from funcdex.toolkits.refs import inlined
from funcdex.types.tools import JsonSchema, Tool, Toolkit

_TOOLKIT_KEYS = ("toolkit", "description", "tools")
_TOOL_KEYS = ("name", "description", "parameters", "response")
# Written only where there is something to say.
_ORIGIN_KEYS = ("original_name", "original_parameters", "deprecated")


def read_native(data: Any, place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The toolkits of a parsed file. Raises ToolDefinitionError with the JSON path."""
    if isinstance(data, list):
        return tuple(_toolkit(entry, place.at(index), notebook) for index, entry in enumerate(data))
    return (_toolkit(data, place, notebook),)


def dump_native(toolkits: Iterable[Toolkit]) -> str:
    """The text of a file that reads back as the same toolkits: one object, or an array if not just one."""
    entries = [_as_json(toolkit) for toolkit in toolkits]
    data = entries[0] if len(entries) == 1 else entries
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def digest(toolkits: Iterable[Toolkit]) -> str:
    """SHA-256, in hex, of what the toolkits say, whatever order they and their tools come in.

    The order of properties counts: models are shown them, and grammars take them, in that order.
    """
    entries = [_as_json(toolkit) for toolkit in sorted(toolkits, key=lambda toolkit: toolkit.name)]
    for entry in entries:
        entry["tools"].sort(key=lambda tool: tool["name"])
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _toolkit(data: Any, place: Place, notebook: Notebook) -> Toolkit:
    entry = object_at(data, place, "a toolkit")
    refuse_unknown_keys(entry, _TOOLKIT_KEYS, place)
    name = text_at(member(entry, "toolkit", place), place.at("toolkit"), "a toolkit's name")
    description = text_at(entry.get("description", ""), place.at("description"), "a description")
    tools = array_at(member(entry, "tools", place), place.at("tools"), "the list of tools")
    places = [place.at("tools", index) for index in range(len(tools))]
    made = [(_tool(tool, name, where, notebook), where) for tool, where in zip(tools, places, strict=True)]
    return make_toolkit(name, description, made, place)


def _tool(data: Any, toolkit: str, place: Place, notebook: Notebook) -> Tool:
    entry = object_at(data, place, "a tool")
    refuse_unknown_keys(entry, (*_TOOL_KEYS, *_ORIGIN_KEYS), place)
    name = text_at(member(entry, "name", place), place.at("name"), "a tool's name")
    description = text_at(entry.get("description", ""), place.at("description"), "a description")
    parameters = _schema(entry, "parameters", place, notebook)
    response = _schema(entry, "response", place, notebook)
    return make_tool(
        toolkit,
        name,
        description,
        parameters,
        response,
        place,
        original_name=text_at(entry.get("original_name", ""), place.at("original_name"), "a name"),
        original_parameters=_names(entry.get("original_parameters", {}), place.at("original_parameters")),
        deprecated=entry.get("deprecated") is True,
    )


def _names(value: Any, place: Place) -> dict[str, str]:
    """What arguments were called where they come from."""
    entries = object_at(value, place, "the original names of arguments").items()
    return {name: text_at(original, place.at(name), "a name") for name, original in entries}


def _schema(entry: dict[str, Any], key: str, place: Place, notebook: Notebook) -> JsonSchema | None:
    if key not in entry:
        return None
    where = place.at(key)
    return inlined(object_at(entry[key], where, "a schema"), where, notebook)


def _as_json(toolkit: Toolkit) -> dict[str, Any]:
    tools = [_tool_as_json(tool) for tool in toolkit.tools]
    return {"toolkit": toolkit.name, "description": toolkit.description, "tools": tools}


def _tool_as_json(tool: Tool) -> dict[str, Any]:
    origin = {key: getattr(tool, key) for key in _ORIGIN_KEYS if getattr(tool, key)}
    return {key: getattr(tool, key) for key in _TOOL_KEYS} | origin
