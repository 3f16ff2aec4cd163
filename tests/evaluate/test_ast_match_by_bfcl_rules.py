"""AST match: BFCL's published rules, one by one, and what always holds."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.evaluate.answers import Called
from funcdex.evaluate.ast_match import match
from funcdex.evaluate.values import value_flaw
from funcdex.export.sample import Call

PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "list": {"type": "array", "items": {"type": "string"}},
        "numbers": {"type": "array", "items": {"type": "number"}},
        "object": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": "string", "default": "0000"}},
        },
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "optional": {"type": "string", "default": "none"},
    },
    "required": ["text"],
}
SCHEMAS = {"F": PARAMETERS, "G": {"type": "object", "properties": {"x": {"type": "integer"}}}}


def want(arguments: Mapping[str, Any], name: str = "F") -> Call:
    return Call("id", name, json.dumps(arguments))


def came(arguments: Mapping[str, Any] | None, name: str = "F") -> Called:
    return Called(name, "", arguments)


def codes(expected: list[Call], answered: list[Called]) -> list[str]:
    return [flaw.code for flaw in match(expected, answered, SCHEMAS).flaws]


@pytest.mark.parametrize(
    ("name", "expected", "value"),
    [
        ("text", "New York, NY", "new york ny"),
        ("text", "it's", 'IT"S'),
        ("text", "2024-01-02", "2024/01/02"),
        ("whole", 5, 5),
        ("number", 5.0, 5),
        ("number", 5, 5.0),
        ("flag", True, True),
        ("list", ["A b", "c"], ["ab", "C"]),
        ("numbers", [1.0, 2.5], [1, 2.5]),
        ("object", {"city": "Bonn"}, {"city": "bonn"}),
        ("object", {"city": "Bonn", "zip": "0000"}, {"city": "Bonn"}),
        ("object", {"city": "Bonn"}, {"city": "Bonn", "zip": "0000"}),
        ("either", 3, 3),
        # The schema has another type than what is expected: then that one counts.
        ("whole", "five", "Five"),
    ],
)
def test_values_that_are_the_same(name: str, expected: Any, value: Any) -> None:
    assert codes([want({"text": "a", name: expected})], [came({"text": "a", name: value})]) == []


@pytest.mark.parametrize(
    ("name", "expected", "value", "code"),
    [
        ("text", "a", "b", "wrong_value"),
        ("text", "5", 5, "wrong_type"),
        ("whole", 5, 5.0, "wrong_type"),
        ("whole", 5, "5", "wrong_type"),
        ("whole", 1, True, "wrong_type"),
        ("number", 5.0, "5", "wrong_type"),
        ("number", 5.0, 5.5, "wrong_value"),
        ("flag", True, 1, "wrong_type"),
        ("flag", True, False, "wrong_value"),
        ("list", ["a", "b"], ["b", "a"], "wrong_value"),
        ("list", ["a"], ["a", "b"], "wrong_value"),
        ("list", ["a"], [1], "wrong_type"),
        ("list", ["a"], "a", "wrong_type"),
        ("object", {"city": "Bonn"}, {}, "wrong_value"),
        ("object", {"city": "Bonn"}, {"city": "Bonn", "land": "NRW"}, "wrong_value"),
        ("either", 3, "3", "wrong_type"),
        ("text", "a", None, "wrong_type"),
    ],
)
def test_values_that_are_not(name: str, expected: Any, value: Any, code: str) -> None:
    arguments = {"text": "a", name: expected}
    assert codes([want(arguments)], [came({**arguments, name: value})]) == [code]


def test_required_and_optional_parameters() -> None:
    expected = [want({"text": "a", "optional": "none"})]
    assert codes(expected, [came({"text": "a"})]) == [], "a default may be left out"
    assert codes([want({"text": "a"})], [came({"text": "a", "optional": "None"})]) == [], "and given"
    assert codes([want({"text": "a"})], [came({"text": "a", "optional": "b"})]) == ["unexpected_parameter"]
    assert codes([want({"text": "a"})], [came({"text": "a", "no_such": 1})]) == ["unexpected_parameter"]
    assert codes(expected, [came({})]) == ["missing_parameter"]
    assert codes([want({"text": "a", "whole": 1})], [came({"text": "a"})]) == ["missing_parameter"]


def test_parallel_calls_in_any_order_and_in_the_right_number() -> None:
    expected = [want({"text": "a"}), want({"x": 1}, "G")]
    right = [came({"x": 1}, "G"), came({"text": "A"})]
    assert codes(expected, right) == []
    assert codes(expected, right[:1]) == ["wrong_count", "wrong_tool"]
    assert codes(expected, [*right, came({"x": 1}, "G")]) == ["wrong_count", "extra_call"]
    assert codes(expected, []) == ["no_call", "no_call"]


def test_a_first_fit_that_leaves_nothing_for_the_next_is_not_kept() -> None:
    loose, strict = want({"text": "a", "optional": "none"}), want({"text": "a"})
    assert codes([loose, strict], [came({"text": "a"}), came({"text": "a", "optional": "none"})]) == []


def test_tools_that_are_wrong_or_not_there() -> None:
    expected = [want({"x": 1}, "G")]
    assert codes(expected, [came({"text": "a"})]) == ["wrong_tool"]
    assert codes(expected, [came({"x": 1}, "g")]) == ["wrong_tool", "unknown_tool"]
    assert codes(expected, [came(None, "G")]) == ["bad_json"]
    assert codes(expected, [came(None, "")]) == ["wrong_tool", "bad_json"]


def test_arguments_are_counted_over_all_calls() -> None:
    found = match(
        [want({"text": "a", "whole": 1, "flag": True}), want({"x": 1}, "G")],
        [came({"text": "a", "whole": 2, "number": 3.0}), came({"y": 1, "z": 2}, "H")],
        SCHEMAS,
    )
    # F: text is right, whole wrong, flag missing, number too much. G never came, H was never expected.
    assert (found.right_arguments, found.arguments_that_came, found.arguments_expected) == (1, 5, 4)


def test_a_default_on_one_side_only_counts_on_neither() -> None:
    found = match([want({"text": "a", "optional": "none"})], [came({"text": "a"})], SCHEMAS)
    assert (found.right_arguments, found.arguments_that_came, found.arguments_expected) == (1, 1, 1)


VALUES = st.none() | st.text("ab. ", max_size=3) | st.integers(0, 3) | st.booleans() | st.floats(0, 3)
ARGUMENTS = st.dictionaries(st.sampled_from(sorted(PARAMETERS["properties"])), VALUES, max_size=4)
CALLS = st.lists(st.tuples(st.sampled_from(["F", "G", "H"]), ARGUMENTS), min_size=1, max_size=4)


@given(CALLS)
def test_what_is_expected_is_always_right(calls: list[tuple[str, dict[str, Any]]]) -> None:
    expected = [want(arguments, name) for name, arguments in calls]
    shuffled = [came(arguments, name) for name, arguments in calls]
    random.Random(0).shuffle(shuffled)
    found = match(expected, shuffled, SCHEMAS)
    assert found.right and found.right_arguments == found.arguments_expected == found.arguments_that_came


@given(CALLS, CALLS, st.randoms(use_true_random=False))
def test_the_order_changes_no_verdict(
    wanted: list[tuple[str, dict[str, Any]]], made: list[tuple[str, dict[str, Any]]], rng: random.Random
) -> None:
    expected = [want(arguments, name) for name, arguments in wanted]
    answered = [came(arguments, name) for name, arguments in made]
    before = match(expected, answered, SCHEMAS)
    rng.shuffle(answered)
    rng.shuffle(expected)
    after = match(expected, answered, SCHEMAS)
    assert before.right == after.right
    for one in (before, after):
        assert one.right_arguments <= min(one.arguments_that_came, one.arguments_expected)
        assert one.right == (not one.flaws)


JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner), max_leaves=8
)
ODD_SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "items", "anyOf", "properties"]),
    st.sampled_from(["string", "integer", "object", {}, [], {"a": {"default": 1}}, [{"type": "string"}, 3]]),
)


@given(JSON, ODD_SCHEMAS)
def test_any_value_is_itself_whatever_the_schema(value: Any, schema: dict[str, Any]) -> None:
    assert value_flaw(value, value, schema) is None


@given(JSON, JSON, ODD_SCHEMAS)
def test_two_values_are_the_same_or_one_sentence_says_why_not(
    value: Any, other: Any, schema: dict[str, Any]
) -> None:
    flaw = value_flaw(value, other, schema)
    assert flaw is None or (flaw.code in ("wrong_type", "wrong_value") and flaw.detail)
