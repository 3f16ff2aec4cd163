"""OpenAI's function tools, as they stand in a request of the chat API or of the responses API.

    {"type": "function", "function": {"name": "f", "description": "...", "parameters": {...}}}
    {"type": "function", "name": "f", "description": "...", "parameters": {...}}

In a file: one of them, an array, or an object with `tools` and perhaps `toolkit` and `description`.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.names import toolkit_name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, array_at, member, object_at, refuse, text_at
from funcdex.toolkits.refs import inlined
from funcdex.types.tools import Tool, Toolkit


def is_openai_tool(data: Any) -> bool:
    """Whether it says of itself that it is a function."""
    return isinstance(data, dict) and data.get("type") == "function"


def read_openai(data: Any, place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The one toolkit of a parsed file, named in the file or after it. Raises ToolDefinitionError."""
    fields = data if isinstance(data, dict) and "tools" in data else {}
    tools, where = (fields["tools"], place.at("tools")) if fields else (data, place)
    name = text_at(fields.get("toolkit", _name_of(place)), place.at("toolkit"), "a toolkit's name")
    description = text_at(fields.get("description", ""), place.at("description"), "a description")
    if is_openai_tool(tools):
        made = [(_tool(tools, name, where, notebook), where)]
    else:
        entries = enumerate(array_at(tools, where, "the list of tools"))
        made = [(_tool(tool, name, where.at(i), notebook), where.at(i)) for i, tool in entries]
    return (make_toolkit(name, description, made, place),)


def _name_of(place: Place) -> str:
    return toolkit_name_from(PurePath(place.file).stem) or "tools"


def _tool(data: Any, toolkit: str, place: Place, notebook: Notebook) -> Tool:
    entry = object_at(data, place, "a tool")
    if not is_openai_tool(entry):
        refuse('a tool here has "type": "function"', place, "Add it, or remove what is no function.")
    if "function" in entry:
        place = place.at("function")
        entry = object_at(entry["function"], place, "a function")
    name = text_at(member(entry, "name", place), place.at("name"), "a tool's name")
    description = text_at(entry.get("description") or "", place.at("description"), "a description")
    where = place.at("parameters")
    given = entry.get("parameters")
    parameters = None if given is None else inlined(object_at(given, where, "a schema"), where, notebook)
    return make_tool(toolkit, name, description, parameters, None, place, original_parameters={})
