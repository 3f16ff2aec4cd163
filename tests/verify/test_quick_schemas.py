"""The quick way to tell whether a value fits a schema says what jsonschema says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.data import data_dir
from funcdex.grammar.validation import check_with
from funcdex.toolkits.read import read_toolkits
from funcdex.verify.quick_schema import quick
from funcdex.verify.schemas import violations

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from((0.0, 1.0, 2.5))
    | st.sampled_from(("", "a", "abc", "2025-03-04", "x@y.example"))
)
NAMES = st.sampled_from(("a", "b", "c"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(("null", "boolean", "string", "array", "object", "number", "integer"))
SIZES = st.integers(0, 3)


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "nullable": st.booleans(),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "additionalProperties": inner,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "items": inner,
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": SCALARS,
        "format": st.sampled_from(("date", "email", "unheard-of")),
        "minimum": st.integers(-2, 2),
        "exclusiveMaximum": st.integers(-2, 2),
        "minLength": SIZES,
        "maxLength": SIZES,
        "minItems": SIZES,
        "maxItems": SIZES,
        "minProperties": SIZES,
        "maxProperties": SIZES,
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "description": st.just("what it is"),
    }
    names = st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: optional[name] for name in chosen}))


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | st.just({}), _keywords, max_leaves=5)


@given(SCHEMAS, VALUES)
def test_it_agrees_with_jsonschema(schema: Any, value: Any) -> None:
    fits = quick(schema)
    assert fits is not None
    assert fits(value) == (next(check_with(schema).iter_errors(value), None) is None)


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^a$"},
        {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {}}},
        {"items": {"uniqueItems": True}},
        {"enum": [[1]]},
        {"not": {}},
        {"prefixItems": [{}]},
    ],
)
def test_what_it_cannot_judge_it_leaves(schema: dict[str, Any]) -> None:
    assert quick(schema) is None


def test_true_is_not_one_and_one_is_one_point_nought() -> None:
    one = quick({"const": 1})
    assert one is not None
    assert [one(value) for value in (1, 1.0, True, "1")] == [True, True, False, False]


def test_a_schema_without_bottom_has_no_quick_way() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"items": schema}
    assert quick(schema) is None


def test_all_that_is_shipped_can_be_told_quickly() -> None:
    kits = read_toolkits([data_dir("tool_definitions")]).toolkits
    slow = [
        tool.name
        for kit in kits
        for tool in kit.tools
        for schema in (tool.parameters, tool.response)
        if quick(schema) is None
    ]
    assert slow == []


def test_a_schema_is_known_again_and_another_in_its_place_is_not_taken_for_it() -> None:
    for number in range(50):
        schema = {"type": "integer", "minimum": number}
        assert violations(schema, number) == () and violations(schema, number - 1) != ()
