"""The smallest part at fault, where what is at fault is known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.grammar.blame import MAX_ASKED, smallest_fault
from funcdex.types.tools import Tool

CULPRIT = {"const": "culprit"}


def schemas(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """Objects and arrays without a culprit."""
    leaf = st.sampled_from([{"type": "string"}, {"type": "integer"}, {}])
    if depth == 0:
        return leaf
    inner = schemas(depth - 1)
    properties = st.dictionaries(st.sampled_from("abcdefgh"), inner, max_size=8)
    objects = properties.map(lambda each: {"type": "object", "properties": each})
    return objects | inner.map(lambda items: {"type": "array", "items": items}) | leaf


@given(
    schemas(2),
    st.lists(st.sampled_from(["items", "x", "y"]), min_size=1, max_size=4),
    st.sampled_from(["parameters", "response"]),
)
async def test_one_part_at_fault_is_found_wherever_it_is(
    around: dict[str, Any], way: list[str], side: str
) -> None:
    schema: dict[str, Any] = dict(CULPRIT)
    path = ""
    for step in reversed(way):
        beside = around.get("properties", {})
        if step == "items":
            schema, path = {"type": "array", "items": schema}, f".items{path}"
        else:
            schema = {"type": "object", "properties": {**beside, step: schema}, "required": [step]}
            path = f".properties.{step}{path}"
    tool = (
        Tool("kit", "T", "", schema, around) if side == "parameters" else Tool("kit", "T", "", around, schema)
    )

    async def usable(one: Tool) -> bool:
        return "culprit" not in json.dumps([one.parameters, one.response])

    assert await smallest_fault(tool, usable) == (side, f"${path}")


@pytest.mark.parametrize("count", [2, 7, 5000])
async def test_parts_that_are_at_fault_only_together_are_named_together(count: int) -> None:
    asked = 0

    async def usable(one: Tool) -> bool:
        nonlocal asked
        asked += 1
        return len(one.parameters.get("properties", {})) < count

    properties = {f"p{n}": {"type": "string"} for n in range(count)}
    tool = Tool("kit", "T", "", {"type": "object", "properties": properties})
    assert await smallest_fault(tool, usable) == ("parameters", "$.properties")
    assert asked <= MAX_ASKED


async def test_no_more_is_asked_than_allowed() -> None:
    asked = 0

    async def never(one: Tool) -> bool:
        nonlocal asked
        asked += 1
        return False

    schema: dict[str, Any] = {"type": "string"}
    for _ in range(50):
        schema = {"type": "object", "properties": {"a": schema, "b": {}}}
    side, path = await smallest_fault(Tool("kit", "T", "", schema), never)
    assert side == "parameters" and path.startswith("$.properties.a.properties.a") and asked == MAX_ASKED
