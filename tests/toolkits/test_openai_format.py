"""OpenAI's function tools, of the chat and of the responses API."""

from __future__ import annotations

from typing import Any

import pytest

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openai_tools import read_openai
from funcdex.toolkits.place import Place
from funcdex.types.tools import Toolkit

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": "The weather.", "parameters": SCHEMA}
CHAT = {"type": "function", "function": FUNCTION}
RESPONSES = {"type": "function", **FUNCTION, "strict": True}


def read(data: Any, file: str = "my tools.json") -> Toolkit:
    (toolkit,) = read_openai(data, Place(file), Notebook())
    return toolkit


@pytest.mark.parametrize("data", [CHAT, RESPONSES, [CHAT], [RESPONSES], {"tools": [CHAT]}])
def test_both_forms_give_the_same_tool(data: Any) -> None:
    (tool,) = read(data).tools
    assert (tool.name, tool.description, tool.parameters) == ("weather", "The weather.", SCHEMA)
    assert tool.response == {}


def test_what_we_show_to_a_model_is_what_we_read() -> None:
    (tool,) = read([CHAT]).tools
    assert tool.as_openai == CHAT


def test_the_toolkit_is_named_after_the_file_unless_it_has_a_name() -> None:
    assert read([CHAT], "data/My Tools-2.json").name == "my_tools_2"
    named = read({"toolkit": "sky", "description": "Skies.", "tools": [CHAT]})
    assert (named.name, named.description, named.tools[0].toolkit) == ("sky", "Skies.", "sky")


def test_a_function_may_take_nothing() -> None:
    (tool,) = read([{"type": "function", "function": {"name": "now"}}]).tools
    assert tool.parameters == {"type": "object", "properties": {}} and tool.description == ""


def test_definitions_that_pydantic_writes_are_written_out() -> None:
    schema = {
        "type": "object",
        "properties": {"when": {"$ref": "#/$defs/Day"}},
        "$defs": {"Day": {"enum": ["today", "tomorrow"], "type": "string"}},
    }
    (tool,) = read([{"type": "function", "name": "weather", "parameters": schema}]).tools
    assert tool.parameters == {
        "type": "object",
        "properties": {"when": {"enum": ["today", "tomorrow"], "type": "string"}},
    }


@pytest.mark.parametrize(
    ("data", "words", "path"),
    [
        ([CHAT, {"type": "web_search"}], '"type": "function"', "$[1]"),
        ([{"type": "function", "function": {}}], "'name' is missing", "$[0].function"),
        ([{"type": "function", "function": "f"}], "here stands a string", "$[0].function"),
        ({"tools": [CHAT, CHAT]}, "two tools called 'weather'", "$.tools[1]"),
        ([{"type": "function", "name": "f", "parameters": {"type": "array"}}], '"array"', "$[0].parameters"),
        ({"toolkit": 1, "tools": [CHAT]}, "here stands a number", "$.toolkit"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: Any, words: str, path: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        read(data, "f.json")
    assert words in caught.value.what and caught.value.where.startswith(f"f.json: {path}")
