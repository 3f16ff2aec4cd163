"""Tools that bring JSON Schemas with them: Anthropic's, and those of a saved MCP `tools/list`.

    [{"name": "get_weather", "description": "...", "input_schema": {...}}]
    {"tools": [{"name": "get_weather", "title": "...", "inputSchema": {...}, "outputSchema": {...}}]}
    {"jsonrpc": "2.0", "id": 1, "result": {"tools": [...]}}

A tool of Anthropic's that names a type of its own (`computer_20250124`) has no schema and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.names import named_apart, toolkit_name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, array_at, member, object_at, refuse, text_at
from funcdex.toolkits.refs import inlined
from funcdex.types.tools import Tool, Toolkit

INPUT_KEYS = ("inputSchema", "input_schema")
OUTPUT_KEYS = ("outputSchema", "output_schema")


def is_schema_tool(data: Any) -> bool:
    """Whether it is one tool of either form."""
    return isinstance(data, dict) and "name" in data and any(key in data for key in INPUT_KEYS)


def tool_list_in(data: Any) -> tuple[Any, tuple[str, ...]] | None:
    """The list of such tools that parsed content is, and the steps to it; None if it is none.

    One tool among others is enough to tell: what is none of them is told apart when read.
    """
    for keys in ((), ("tools",), ("result", "tools")):
        found: Any = data
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, list) and any(map(is_schema_tool, found[:20])):
            return found, keys
    return ([data], ()) if is_schema_tool(data) else None


def read_schema_tools(data: Any, place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed file, named in the file or after it. Raises ToolDefinitionError."""
    listed = tool_list_in(data)
    if listed is None:
        refuse("here stands no list of tools", place, 'Write {"tools": [...]}.')
    fields: dict[str, Any] = data if isinstance(data, dict) and "tools" in data else {}
    name = fields.get("toolkit") or toolkit_name_from(PurePath(place.file).stem) or "tools"
    text = text_at(fields.get("description") or "", place.at("description"), "a description")
    return tools_of(listed[0], text_at(name, place, "a toolkit's name"), text, place.at(*listed[1]), notebook)


def tools_of(
    entries: Any, toolkit: str, description: str, place: Place, notebook: Notebook
) -> tuple[Toolkit, ...]:
    """The toolkit of a list of such tools. One that cannot be a tool is left out with a note."""
    taken: dict[str, int] = {}
    made: list[tuple[Tool, Place]] = []
    for index, entry in enumerate(array_at(entries, place, "the list of tools")):
        where = place.at(index)
        try:
            tool = _tool(entry, toolkit, where, notebook, taken)
        except ToolDefinitionError as error:
            notebook.add(place.file, f"tools are left out ({error.what})", where.path)
        else:
            made.append((tool, where))
    return (make_toolkit(toolkit, description, made, place),)


def _tool(data: Any, toolkit: str, place: Place, notebook: Notebook, taken: dict[str, int]) -> Tool:
    entry = object_at(data, place, "a tool")
    given = text_at(member(entry, "name", place), place.at("name"), "a tool's name")
    key = next((key for key in INPUT_KEYS if key in entry), None)
    if key is None:
        refuse("it has no input schema", place, "Add `input_schema`.")
    name = named_apart(given, taken, place.file, notebook)
    text = entry.get("description") or entry.get("title") or ""
    out = next((key for key in OUTPUT_KEYS if entry.get(key) is not None), OUTPUT_KEYS[0])
    return make_tool(
        toolkit,
        name,
        text_at(text, place.at("description"), "a description"),
        _schema(entry, key, place, notebook),
        _schema(entry, out, place, notebook),
        place,
        (key, out),
        original_name=given,
    )


def _schema(entry: dict[str, Any], key: str, place: Place, notebook: Notebook) -> Mapping[str, Any] | None:
    if entry.get(key) is None:
        return None
    where = place.at(key)
    return inlined(object_at(entry[key], where, "a schema"), where, notebook)
