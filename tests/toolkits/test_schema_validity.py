"""The quick look at a schema never says yes where the metaschema says no."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from funcdex.toolkits.metaschema import plainly_valid, schema_fault

KEYWORDS = (
    *(
        "type",
        "properties",
        "items",
        "required",
        "enum",
        "const",
        "default",
        "anyOf",
        "allOf",
        "oneOf",
        "not",
    ),
    *("minimum", "maximum", "exclusiveMinimum", "multipleOf", "minLength", "maxItems", "uniqueItems"),
    *("pattern", "patternProperties", "format", "description", "title", "examples", "additionalProperties"),
    *("$ref", "$defs", "$id", "$anchor", "dependentRequired", "minContains", "x-extra", "deprecated"),
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.floats(-2, 2),
        st.sampled_from(("string", "object", "(", "[a", "a+", "text")),
        st.just(["string", "null"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3),
    max_leaves=8,
)
schemas = st.dictionaries(st.sampled_from(KEYWORDS), values, max_size=4)


@settings(max_examples=300)
@given(schemas)
def test_what_looks_valid_is_valid(schema: dict[str, Any]) -> None:
    if plainly_valid(schema):
        Draft202012Validator.check_schema(schema)


@settings(max_examples=60)
@given(schemas)
def test_the_verdict_is_that_of_the_metaschema(schema: dict[str, Any]) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError:
        assert schema_fault(schema) is not None
    else:
        assert schema_fault(schema) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": ["string", "null"], "enum": ["x", None]}}},
        {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 5}, "minItems": 1},
        {"anyOf": [{"type": "string", "pattern": "^a+$"}, True], "default": 3, "x-extra": [1]},
    ],
)
def test_common_schemas_need_no_second_look(schema: dict[str, Any]) -> None:
    assert plainly_valid(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["a", "a"]},
        {"type": ["null", "null"]},
        {"type": []},
        {"anyOf": []},
        {"minLength": -1},
        {"minimum": True},
        {"multipleOf": 0},
        {"pattern": "("},
        {"patternProperties": {"(": {}}},
        {"properties": {"a": 3}},
        {"items": [{}]},
        {"enum": "a"},
        {"description": None},
        3,
    ],
)
def test_what_is_wrong_is_never_waved_through(schema: Any) -> None:
    assert not plainly_valid(schema) and schema_fault(schema) is not None


def test_a_fault_is_named_with_the_path_to_it() -> None:
    fault = schema_fault({"properties": {"a": {"items": {"type": "text"}}}})
    assert fault is not None and fault[0] == ("properties", "a", "items", "type")


def test_slow_imports_wait_until_they_are_needed() -> None:
    code = (
        "import sys, funcdex.toolkits.check, funcdex.toolkits.select, funcdex.toolkits.read as r;"
        "r.read_toolkits(());"
        "sys.exit(int(bool({'yaml', 'jsonschema'} & sys.modules.keys())))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
