"""Composio's tools, as its API and SDKs give them: JSON Schemas for what an action takes and gives.

    {"items": [{"slug": "GMAIL_SEND_EMAIL", "name": "Send email", "description": "...",
                "toolkit": {"slug": "gmail", "name": "Gmail"},
                "input_parameters": {"type": "object", ...}, "output_parameters": {...}}]}

Older lists have `name`, `appName`, `parameters` and `response` instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.names import named_apart, toolkit_name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, array_at, object_at, refuse, text_at
from funcdex.toolkits.refs import inlined
from funcdex.types.tools import Tool, Toolkit

_INPUT = ("input_parameters", "inputParameters", "parameters")
_OUTPUT = ("output_parameters", "outputParameters", "response")


def is_composio_tool(data: Any) -> bool:
    """Whether it is one tool of either age."""
    if not isinstance(data, dict):
        return False
    new = "slug" in data and bool(data.keys() & {*_INPUT[:2]})
    return new or ("name" in data and "appName" in data and "parameters" in data)


def is_composio(data: Any) -> bool:
    """Whether it is a list of such tools, perhaps below `items`, or one of them."""
    entries = data.get("items") if isinstance(data, dict) else data
    if isinstance(entries, list):
        return bool(entries) and is_composio_tool(entries[0])
    return is_composio_tool(data)


def read_composio(data: Any, place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The toolkits of a parsed file, in the order of their first tools. Raises ToolDefinitionError."""
    entries, where = data, place
    if isinstance(data, dict):
        entries, where = (data["items"], place.at("items")) if "items" in data else ([data], place)
    by_toolkit: dict[str, list[tuple[Tool, Place]]] = {}
    taken: dict[str, dict[str, int]] = {}
    for index, entry in enumerate(array_at(entries, where, "the list of tools")):
        at = where.at(index)
        try:
            toolkit = _toolkit_of(entry, place)
            tool = _tool(entry, toolkit, at, notebook, taken.setdefault(toolkit, {}))
        except ToolDefinitionError as error:
            notebook.add(place.file, f"tools are left out ({error.what})", at.path)
        else:
            by_toolkit.setdefault(toolkit, []).append((tool, at))
    if not by_toolkit:
        refuse("the list has no tool that can be used", where, "Describe one.")
    return tuple(make_toolkit(name, "", made, place) for name, made in by_toolkit.items())


def _toolkit_of(entry: Any, place: Place) -> str:
    fields = entry if isinstance(entry, dict) else {}
    named = fields.get("toolkit")
    slug = named.get("slug") or named.get("name") if isinstance(named, dict) else named
    text = slug or fields.get("appName") or fields.get("appKey") or PurePath(place.file).stem
    return toolkit_name_from(text if isinstance(text, str) else "") or "tools"


def _tool(data: Any, toolkit: str, place: Place, notebook: Notebook, taken: dict[str, int]) -> Tool:
    entry = object_at(data, place, "a tool")
    given = text_at(entry.get("slug") or entry.get("name"), place, "a tool's name")
    text = entry.get("description") or entry.get("displayName") or ""
    schemas = [_schema(entry, keys, place, notebook) for keys in (_INPUT, _OUTPUT)]
    return make_tool(
        toolkit,
        named_apart(given, taken, place.file, notebook),
        text_at(text, place.at("description"), "a description"),
        schemas[0],
        schemas[1],
        place,
        (_INPUT[0], _OUTPUT[0]),
        original_name=given,
        deprecated=entry.get("is_deprecated") is True or entry.get("deprecated") is True,
    )


def _schema(
    entry: dict[str, Any], keys: tuple[str, ...], place: Place, notebook: Notebook
) -> Mapping[str, Any] | None:
    key = next((key for key in keys if entry.get(key)), None)
    if key is None:
        return None
    where = place.at(key)
    return inlined(object_at(entry[key], where, "a schema"), where, notebook)
