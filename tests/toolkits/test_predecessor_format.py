"""The flat format of Funcdex-Synthesizer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from funcdex.errors import ConfigError, ToolDefinitionError
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place
from funcdex.toolkits.predecessor import read_predecessor, wanted_specs
from funcdex.types.tools import Toolkit


def entry(fields: Any, answer: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "toolkit_name": "shop",
        "tool_id": "FIND_ITEMS",
        "tool_description": "Finds items.",
        "tool_input_parameters": fields if isinstance(fields, str) else json.dumps(fields),
        "tool_response_parameters": json.dumps(answer or {}),
        **changes,
    }


def read(*entries: Any, notebook: Notebook | None = None) -> tuple[Toolkit, ...]:
    return read_predecessor(list(entries), Place("tools.json"), notebook or Notebook())


def parameters(fields: Any) -> Any:
    return read(entry(fields))[0].tools[0].parameters


def test_what_a_field_says_of_itself_its_owner_says_in_json_schema() -> None:
    fields = {"query": {"type": "string", "required": True}, "limit": {"type": "integer", "required": False}}
    assert parameters(fields) == {
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["query"],
        "additionalProperties": False,
    }


def test_nested_objects_and_arrays_are_followed() -> None:
    fields = {
        "item": {
            "type": "object",
            "required": True,
            "properties": {"name": {"type": "string", "required": True}, "size": {"type": "number"}},
        },
        "tags": {"type": "array", "items": {"type": "string", "required": False}},
        "any": {"type": "array", "required": False},
    }
    properties = parameters(fields)["properties"]
    assert properties["item"] == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "number"}},
        "required": ["name"],
    }
    assert properties["tags"] == {"type": "array", "items": {"type": "string"}}
    assert properties["any"] == {"type": "array", "items": {}}


def test_a_list_of_required_names_is_kept() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert parameters({"item": inner})["properties"]["item"]["required"] == ["a"]


@pytest.mark.parametrize(
    ("written", "meant"), [("int", "integer"), ("Float", "number"), ("dict", "object"), ("str", "string")]
)
def test_types_by_other_names_are_understood(written: str, meant: str) -> None:
    assert parameters({"a": {"type": written}})["properties"]["a"] == {"type": meant}


def test_a_type_that_is_none_stands_for_any_with_a_note() -> None:
    notebook = Notebook()
    (shop,) = read(entry({"a": {"type": "money", "description": "How much."}}), notebook=notebook)
    assert shop.tools[0].parameters["properties"]["a"] == {"description": "How much."}
    assert "'money'" in notebook.notes()[0].what


def test_keys_with_null_say_nothing() -> None:
    assert parameters({"a": {"type": "string", "description": None}})["properties"]["a"] == {"type": "string"}


def test_a_schema_in_place_of_fields_is_taken_as_it_is() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert parameters(schema) == {**schema, "additionalProperties": False}


@pytest.mark.parametrize("nothing", ["", " ", "{}"])
def test_a_tool_may_take_nothing(nothing: str) -> None:
    assert parameters(nothing) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_the_response_is_open_and_may_be_unknown() -> None:
    answer = {"data": {"type": "object", "required": True}, "error": {"type": "string", "required": False}}
    known, unknown = read(entry({}, answer), entry({}, tool_id="OTHER"))[0].tools
    assert known.response == {
        "type": "object",
        "properties": {"data": {"type": "object"}, "error": {"type": "string"}},
        "required": ["data"],
    }
    assert unknown.response == {}


def test_tools_are_gathered_by_toolkit() -> None:
    toolkits = read(
        entry({}, toolkit_name="b"),
        entry({}, toolkit_name="a"),
        entry({}, toolkit_name="b", tool_id="SECOND"),
    )
    assert [(toolkit.name, len(toolkit.tools)) for toolkit in toolkits] == [("b", 2), ("a", 1)]


def test_names_that_no_api_takes_are_changed_with_a_note() -> None:
    notebook = Notebook()
    (shop,) = read(entry({}, tool_id="find items (v2)"), notebook=notebook)
    assert shop.tools[0].name == "find_items_v2"
    assert "'find items (v2)' to 'find_items_v2'" in notebook.notes()[0].what


def test_the_same_tool_twice_is_one_and_two_of_one_name_are_refused() -> None:
    notebook = Notebook()
    (shop,) = read(entry({}), entry({}), notebook=notebook)
    assert len(shop.tools) == 1 and len(notebook.notes()) == 1
    with pytest.raises(ToolDefinitionError, match=r"two tools called 'FIND_ITEMS'.*tools.json: \$\[1\]"):
        read(entry({}), entry({}, tool_description="Other."))


@pytest.mark.parametrize(
    ("bad", "words", "path"),
    [
        (entry("{'a': 1}"), "not JSON", "$[0].tool_input_parameters"),
        (entry('{"a": NaN}'), "not JSON", "$[0].tool_input_parameters"),
        (entry("[]"), "here stands an array", "$[0].tool_input_parameters"),
        (entry({"a": 3}), "here stands a number", "$[0].tool_input_parameters.a"),
        (entry({"a": {"type": 3}}), "here stands a number", "$[0].tool_input_parameters.a.type"),
        (
            entry({"a": {"enum": "x"}}),
            "no JSON Schema",
            "$[0].tool_input_parameters.properties.a.enum",
        ),
        (entry({}, tool_id="***"), "cannot name anything", "$[0].tool_id"),
        ({"tool_id": "A"}, "'toolkit_name' is missing", "$[0]"),
        ("text", "a tool is an object", "$[0]"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(bad: Any, words: str, path: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        read(bad)
    assert words in caught.value.what and caught.value.where == f"tools.json: {path}"


def test_wanted_toolkits_become_specs() -> None:
    data = {"toolkits": ["gmail", "jira"], "bundles": [["gmail", "jira"], ["a", "b", "c"]]}
    assert wanted_specs(data, "wanted.json") == ("gmail", "jira", "gmail+jira", "a+b+c")
    assert wanted_specs({"bundles": [["a", "b"]]}, "wanted.json") == ("a+b",)


@pytest.mark.parametrize("data", [[], None, {"toolkits": "gmail"}, {"bundles": ["a"]}, {"toolkits": [1]}])
def test_a_wanted_list_of_another_shape_is_refused(data: Any) -> None:
    with pytest.raises(ConfigError, match="wanted.json"):
        wanted_specs(data, "wanted.json")
