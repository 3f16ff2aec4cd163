"""The flat format of Funcdex-Synthesizer: one object a tool, its parameters as JSON inside a string.

    {"toolkit_name": "gmail", "tool_id": "FETCH_EMAILS", "tool_description": "...",
     "tool_input_parameters": "{\\"query\\": {\\"type\\": \\"string\\", \\"required\\": false}}",
     "tool_response_parameters": "{...}"}

There a parameter says of itself whether it is required; in JSON Schema its owner says so.
"""

from __future__ import annotations

from typing import Any

from funcdex.errors import ConfigError
from funcdex.toolkits.build import make_tool, make_toolkit
from funcdex.toolkits.keywords import TYPES
from funcdex.toolkits.load import json_value
from funcdex.toolkits.names import is_name, name_from
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place, array_at, member, object_at, refuse, text_at
from funcdex.types.tools import Tool, Toolkit

_OTHER_TYPES = {
    "str": "string",
    "text": "string",
    "file": "string",
    "date": "string",
    "datetime": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "dict": "object",
    "map": "object",
    "list": "array",
    "none": "null",
}
_ANY = ("any", "")
_SCHEMA_KEYS = ("tool_input_parameters", "tool_response_parameters")


def read_predecessor(data: Any, place: Place, notebook: Notebook) -> tuple[Toolkit, ...]:
    """The toolkits of a parsed file, in the order of their first tools. Raises ToolDefinitionError."""
    by_toolkit: dict[str, list[tuple[Tool, Place]]] = {}
    first: dict[tuple[str, str], Tool] = {}
    for index, entry in enumerate(array_at(data, place, "a list of tools")):
        where = place.at(index)
        tool = _tool(object_at(entry, where, "a tool"), where, notebook)
        earlier = first.setdefault((tool.toolkit, tool.name), tool)
        if earlier is not tool and earlier == tool:
            notebook.add(place.file, "a tool that is there twice, word for word, is taken once", tool.name)
        else:
            by_toolkit.setdefault(tool.toolkit, []).append((tool, where))
    return tuple(make_toolkit(name, "", made, place) for name, made in by_toolkit.items())


def wanted_specs(data: Any, file: str) -> tuple[str, ...]:
    """`{"toolkits": ["a"], "bundles": [["a", "b"]]}` as toolkit specs: ("a", "a+b"). Raises ConfigError."""
    lists: dict[str, Any] = data if isinstance(data, dict) else {"toolkits": None}
    toolkits, bundles = lists.get("toolkits", []), lists.get("bundles", [])
    if not _are_names(toolkits) or not isinstance(bundles, list) or not all(map(_are_names, bundles)):
        what = "wanted toolkits are names under `toolkits` and arrays of names under `bundles`"
        fix = 'Write {"toolkits": ["gmail"], "bundles": [["gmail", "jira"]]}.'
        raise ConfigError(what, where=file, fix=fix)
    singles: list[str] = list(toolkits)
    return (*singles, *("+".join(bundle) for bundle in bundles if bundle))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _tool(entry: dict[str, Any], place: Place, notebook: Notebook) -> Tool:
    toolkit = _name(entry, "toolkit_name", place, notebook)
    name = _name(entry, "tool_id", place, notebook)
    description = text_at(entry.get("tool_description") or "", place.at("tool_description"), "a description")
    parameters, response = (_fields_of(entry, key, place, notebook) for key in _SCHEMA_KEYS)
    parameters.setdefault("additionalProperties", False)
    known = response if response["properties"] else {}
    return make_tool(
        toolkit, name, description, parameters, known, place, _SCHEMA_KEYS, original_parameters={}
    )


def _name(entry: dict[str, Any], key: str, place: Place, notebook: Notebook) -> str:
    text = text_at(member(entry, key, place), place.at(key), "a name")
    if is_name(text):
        return text
    name = name_from(text)
    if not name:
        refuse(f"{text!r} cannot name anything", place.at(key), "Use letters, digits, _ and -.")
    notebook.add(place.file, "names are changed to what every API takes", f"{text!r} to {name!r}")
    return name


def _fields_of(entry: dict[str, Any], key: str, place: Place, notebook: Notebook) -> dict[str, Any]:
    where = place.at(key)
    given = entry.get(key)
    if isinstance(given, str):
        given = _parsed(given, where)
    fields = object_at(given if given is not None else {}, where, "the parameters")
    if isinstance(fields.get("type"), str) and isinstance(fields.get("properties", {}), dict):
        return {"properties": {}, **_schema(fields, where, notebook)}  # already a schema
    return _object(fields, where, notebook)


def _parsed(text: str, place: Place) -> Any:
    try:
        return json_value(text) if text.strip() else {}
    except ValueError as error:
        refuse(f"the text here is not JSON: {error}", place, "Correct it, or write an object instead.")


def _object(fields: dict[str, Any], place: Place, notebook: Notebook) -> dict[str, Any]:
    """An object's schema, from the form where each field says whether it is required."""
    properties = {name: _schema(field, place.at(name), notebook) for name, field in fields.items()}
    required = [name for name, field in fields.items() if _says(field, "required")]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | ({"required": required} if required else {})


def _says(field: Any, key: str) -> bool:
    return isinstance(field, dict) and field.get(key) is True


def _schema(field: Any, place: Place, notebook: Notebook) -> dict[str, Any]:
    if isinstance(field, str):
        field = {"type": field}
    given = object_at(field, place, "a parameter")
    known = {key: value for key, value in given.items() if value is not None}
    schema = {key: value for key, value in known.items() if key != "required" or isinstance(value, list)}
    kind = _type(schema.pop("type", None) or "any", place, notebook)
    if kind is not None:
        schema = {"type": kind} | schema
    if isinstance(schema.get("properties"), dict):
        inner = _object(schema["properties"], place.at("properties"), notebook)
        listed = schema.get("required", [])
        schema |= inner | ({"required": listed} if listed else {})
    if kind == "array" or "items" in schema:
        schema["items"] = _schema(schema.get("items", {}), place.at("items"), notebook)
    return schema


def _type(given: Any, place: Place, notebook: Notebook) -> Any:
    """The type as JSON Schema names it; None for any type."""
    if isinstance(given, list):
        return given
    text = text_at(given, place.at("type"), "a type").strip()
    name = _OTHER_TYPES.get(text.lower(), text.lower())
    if name in TYPES:
        return name
    if name not in _ANY:
        notebook.add(place.file, f"the type {text!r} is none of JSON's and stands for any", place.path)
    return None
