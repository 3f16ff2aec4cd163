"""What the shipped tool definitions promise: see tool_definitions/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from funcdex.data import data_dir
from funcdex.toolkits.check import check_toolkits
from funcdex.toolkits.keywords import walk
from funcdex.toolkits.read import read_toolkits
from funcdex.types.error_response import response_forms
from funcdex.types.tools import Tool, Toolkit

TOOLKITS = {toolkit.name: toolkit for toolkit in read_toolkits([]).toolkits}
WANTED = json.loads((data_dir("tool_definitions") / "wanted_toolkits.json").read_text("utf-8"))

PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text("utf-8")

every_toolkit = pytest.mark.parametrize("toolkit", TOOLKITS.values(), ids=lambda toolkit: toolkit.name)


def fields(tool: Tool) -> list[tuple[str, Any]]:
    """The path and schema of every property, of parameters and response."""
    schemas = {"parameters": tool.parameters, "response": tool.response}
    return [
        (f"{tool.name} {side} {path} {name}", schema)
        for side, whole in schemas.items()
        for path, inner in walk(whole)
        for name, schema in inner.get("properties", {}).items()
    ]


def test_all_that_is_shipped_is_wanted_and_bundles_are_of_it() -> None:
    assert sorted(WANTED["toolkits"]) == sorted(TOOLKITS)
    for bundle in WANTED["bundles"]:
        assert len(bundle) > 1 and set(bundle) <= set(TOOLKITS)


@pytest.mark.parametrize("bundle", WANTED["bundles"], ids="+".join)
def test_no_tool_of_a_bundle_needs_a_prefix(bundle: list[str]) -> None:
    names = [tool.name for name in bundle for tool in TOOLKITS[name].tools]
    assert len(names) == len(set(names))


@every_toolkit
def test_the_documentation_lists_it(toolkit: Toolkit) -> None:
    assert f"| `{toolkit.name}` | {len(toolkit.tools)} | {toolkit.description} |\n" in PAGE


@every_toolkit
def test_nothing_is_weak(toolkit: Toolkit) -> None:
    assert check_toolkits([toolkit]) == ()


@every_toolkit
def test_every_property_is_described(toolkit: Toolkit) -> None:
    bare = [
        where for tool in toolkit.tools for where, schema in fields(tool) if not schema.get("description")
    ]
    assert bare == []


@every_toolkit
def test_every_tool_says_how_it_fails(toolkit: Toolkit) -> None:
    assert [tool.name for tool in toolkit.tools if not response_forms(tool.response).own] == []
    for tool in toolkit.tools:
        fine, error = (option for option in tool.response["oneOf"])
        # Else a response may be of both forms, and with that of neither.
        assert error["additionalProperties"] is False
        apart = fine["type"] == "array" or fine.get("required") or fine.get("additionalProperties") is False
        assert apart, tool.name


@every_toolkit
def test_parameters_are_objects_that_allow_no_others(toolkit: Toolkit) -> None:
    for tool in toolkit.tools:
        for path, schema in walk(tool.parameters):
            closed = schema.get("type") != "object" or schema.get("additionalProperties") is False
            assert closed, (tool.name, path)


@every_toolkit
def test_it_has_fifteen_to_forty_tools(toolkit: Toolkit) -> None:
    assert 15 <= len(toolkit.tools) <= 40
