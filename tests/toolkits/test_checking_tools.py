"""What `funcdex tools check` finds."""

from __future__ import annotations

from typing import Any

import pytest

from funcdex.toolkits.check import check_toolkits
from funcdex.toolkits.check_score import scores
from funcdex.types.tools import Tool, Toolkit

STRING = {"type": "string", "description": "A text."}
ANSWER = {"type": "object", "properties": {"id": STRING}}


def tool(name: str = "GET", description: str = "Gets it.", response: Any = ANSWER, **properties: Any) -> Tool:
    return Tool("shop", name, description, {"type": "object", "properties": properties}, response)


def found(*tools: Tool, description: str = "A shop.") -> list[tuple[str, str]]:
    return [(f.code, f.where) for f in check_toolkits([Toolkit("shop", description, tools)])]


def test_a_sound_toolkit_gives_nothing() -> None:
    assert found(tool(a=STRING), tool("PUT", "Puts it.")) == []


def test_missing_descriptions_are_found() -> None:
    findings = found(tool(description=" ", a={"type": "string"}), description="")
    assert findings == [
        ("no_toolkit_description", "shop"),
        ("no_description", "shop/GET"),
        ("no_parameter_description", "shop/GET $.parameters.properties.a"),
    ]


def test_the_same_words_for_two_tools_are_found() -> None:
    assert found(tool(), tool("PUT", "gets  IT.")) == [("same_description", "shop/PUT")]


def test_an_overlong_description_is_found() -> None:
    assert found(tool(description="x" * 1025)) == [("long_description", "shop/GET")]


def test_an_unknown_response_is_found() -> None:
    assert found(tool(response={})) == [("no_response", "shop/GET")]


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({}, "no_type"),
        ({"type": "array"}, "no_items"),
        ({"type": "object"}, "no_properties"),
        ({"type": "object", "properties": {}}, "no_properties"),
        ({"type": "object", "properties": {"a": STRING}, "required": ["b"]}, "required_not_described"),
        ({"type": "string", "enum": []}, "empty_enum"),
        ({"type": "string", "enum": ["a"], "default": "b"}, "default_not_allowed"),
        ({"type": "array", "items": {}}, "no_type"),
    ],
)
def test_schemas_that_say_too_little_or_the_impossible_are_found(schema: dict[str, Any], code: str) -> None:
    inner = ".items" if schema.get("items") == {} else ""
    ((by_code, where),) = found(tool(a={**schema, "description": "It."}))
    assert (by_code, where) == (code, f"shop/GET $.parameters.properties.a{inner}")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "anyOf": [{"type": "object", "properties": {"a": STRING}}]},
        {"enum": [1, 2]},
        {"type": "array", "prefixItems": [{"type": "string"}]},
    ],
)
def test_schemas_that_say_enough_are_not(schema: dict[str, Any]) -> None:
    assert found(tool(a={**schema, "description": "It."})) == []


def test_a_schema_that_fills_the_prompt_is_found() -> None:
    many: dict[str, Any] = {f"field_{i}": {**STRING, "description": "x" * 200} for i in range(80)}
    assert found(tool(**many)) == [("large_schema", "shop/GET $.parameters")]


def test_the_impossible_is_an_error_and_the_rest_a_warning() -> None:
    findings = check_toolkits([Toolkit("shop", "", (tool(a={"enum": [], "description": "It."}),))])
    assert [(f.code, f.severity) for f in findings] == [
        ("no_toolkit_description", "warning"),
        ("empty_enum", "error"),
    ]
    assert all(f.what.endswith(".") for f in findings)


def test_a_score_falls_with_each_kind_of_finding_and_to_nothing_for_an_error() -> None:
    response = {"type": "object", "properties": {"a": {"type": "string"}}}
    good = Tool("kit", "GOOD", "Good.", response=response)
    weak = Tool("kit", "WEAK", "", response=response)
    wrong = Tool("kit", "WRONG", "Wrong.", {"type": "object", "properties": {}, "required": ["a"]}, response)
    kits = [Toolkit("kit", "A kit.", (good, weak, wrong)), Toolkit("fine", "Fine.", (good,))]
    first, second = scores(kits, check_toolkits(kits))
    assert (first.score, first.errors, first.warnings) == (62, 1, 1)
    assert (second.score, second.grammar) == (100, "light")


def test_a_tool_of_many_options_and_values_is_costly_for_a_grammar() -> None:
    many = {"type": "object", "properties": {f"p{i}": {"enum": list(range(10))} for i in range(60)}}
    kits = [Toolkit("kit", "A kit.", (Tool("kit", "MANY", "Many.", many),))]
    assert scores(kits, ())[0].grammar == "heavy"
