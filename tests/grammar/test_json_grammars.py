"""One JSON value under a schema: accepted if and only if it is valid, and what is lost is told."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import json_values, schemas, values_for

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.check import matches
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.json_schema import Relaxation, read_schema
from funcdex.grammar.read_leaves import MAX_INTEGER
from funcdex.types.conversation import JsonValue
from grammar.grammar_matchers import all_accept, all_refuse, assume_within_bounds, verdicts

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def dumped(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


@quick
@given(data=st.data())
def test_a_value_of_the_schema_is_accepted(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    text = dumped(data.draw(values_for(schema)))
    assume_within_bounds(text)
    assert all_accept(json_grammar(schema), text)


@quick
@given(data=st.data())
def test_another_value_is_accepted_only_if_it_is_valid(data: st.DataObject) -> None:
    schema = data.draw(schemas())
    value = data.draw(values_for(data.draw(schemas())) | json_values())
    text = dumped(value)
    # A float without a fraction is an integer to JSON Schema; in the grammar it is none.
    assume(".0" not in text and "e" not in text)
    if any(verdicts(json_grammar(schema), text).values()):
        jsonschema.validate(value, schema)


@quick
@given(value=json_values())
def test_any_value_fits_the_empty_schema(value: JsonValue) -> None:
    text = dumped(value)
    assume_within_bounds(text)
    assert all_accept(json_grammar({}), text)


@quick
@given(least=st.integers(-1200, 1200), span=st.integers(0, 2000), number=st.integers(-1500, 3500))
def test_integers_keep_to_their_bounds(least: int, span: int, number: int) -> None:
    grammar = json_grammar({"type": "integer", "minimum": least, "maximum": least + span})
    for each in (number, least - 1, least, least + span, least + span + 1):
        assert matches(grammar, str(each)) == (least <= each <= least + span)


@pytest.mark.parametrize("text", ["007", "-0", "+1", "1.0", "1e3", str(MAX_INTEGER + 1), ""])
def test_integers_are_written_in_one_way(text: str) -> None:
    assert all_refuse(json_grammar({"type": "integer"}), text)


TREE = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["v"],
}
ENDLESS = {"$ref": "#/$defs/endless"}
ACCEPTED: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"type": ["string", "null"]}, ['"a"', "null"], ["1", "nul"]),
    ({"type": "string", "nullable": True}, ['"a"', "null"], ["1"]),
    ({"type": "number", "minimum": 0}, ["0", "1.5", "2e-07"], ["-1", ".5", "1.", "1e", "NaN"]),
    ({"type": "string", "format": "date"}, ['"2024-02-29"'], ['"2024-2-9"', '"2024-13-01"', '"today"']),
    ({"const": {"a": [1, "é"]}}, ['{"a": [1, "é"]}'], ['{"a": [1]}', "{}"]),
    ({"enum": ["::=", 1, 10, None, True]}, ['"::="', "1", "10", "null", "true"], ["false", "11", '"1"']),
    ({"enum": ["a", 1], "type": "string"}, ['"a"'], ["1"]),
    ({"type": "object"}, ["{}", '{"a": {"b": [1]}}'], ["[]", '{"a"}']),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, ['{"a": 1}'], ['{"a": "b"}']),
    ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a": 1}']),
    ({"type": "object", "required": ["a"]}, ['{"a": [1]}'], ["{}"]),
    ({"type": "array", "items": {"type": "integer"}, "maxItems": 0}, ["[]"], ["[1]"]),
    ({"items": {"type": "null"}, "minItems": 1}, ["[null]", "[null, null]"], ["[]"]),
    (
        {"items": {"type": "null"}, "minItems": 2, "maxItems": 3},
        ["[null, null]", "[null, null, null]"],
        ["[null]", "[null, null, null, null]"],
    ),
    (
        {"properties": {"a": {}, "b": {"type": "null"}, "c": {}}, "required": ["b"]},
        ['{"b": null}', '{"a": 1, "b": null}', '{"b": null, "c": 1}'],
        ["{}", '{"a": 1}', '{"a": 1, "c": 1}', '{"c": 1, "b": null}'],
    ),
    ({"type": "array", "items": False}, ["[]"], ["[1]"]),
    ({"properties": {"a": {"type": "integer"}, "b": False}}, ["{}", '{"a": 1}'], ['{"b": 1}']),
    ({"anyOf": [{"type": "integer"}, {"type": "array", "items": {}}]}, ["1", "[{}]"], ['"a"']),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        ['{"a": 1}', '{"b": 1}', '{"a": 1, "b": 1}'],
        ["{}"],
    ),
    (
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"minimum": 3}}, "required": ["a"]},
                {"properties": {"a": {"type": "integer", "maximum": 5}, "b": {"type": "null"}}},
            ]
        },
        ['{"a": 3}', '{"a": 5, "b": null}'],
        ['{"a": 2}', '{"a": 6}', "{}"],
    ),
    (
        {"$defs": {"id": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/id"}},
        ["[1, 2]"],
        ['["a"]'],
    ),
    # references and recursion
    (
        TREE,
        ['{"v": 1}', '{"v": 1, "kids": [{"v": 2}, {"v": 3, "kids": []}]}'],
        ['{"v": 1, "kids": [{}]}', "{}"],
    ),
    (
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}, "$ref": "#/$defs/a"},
        ["null"],
        ["1"],
    ),
    (
        {
            "properties": {"next": {"$ref": "#"}, "end": ENDLESS},
            "type": "object",
            "$defs": {"endless": {"type": "object", "properties": {"e": ENDLESS}, "required": ["e"]}},
        },
        ["{}", '{"next": {"next": {}}}'],
        ['{"end": {}}', '{"next": 1}'],
    ),
    # allOf
    (
        {
            "allOf": [
                {"anyOf": [{"type": "null"}, {"minimum": 3}]},
                {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            ]
        },
        ["null", "3"],
        ["2", "{}"],
    ),
    (
        {"allOf": [{"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"b": {}}}]},
        ["{}", '{"a": 1}'],
        ['{"b": 1}'],
    ),
    # oneOf
    (
        {
            "type": "object",
            "properties": {"a": {}, "b": {}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        ['{"a": 1}', '{"b": 1}'],
        ["{}", '{"a": 1, "b": 1}'],
    ),
    (
        {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"k": {"const": "x"}, "n": {"type": "null"}},
                    "required": ["k"],
                },
                {"type": "object", "properties": {"k": {"const": "y"}}, "required": ["k"]},
            ]
        },
        ['{"k": "x", "n": null}', '{"k": "y"}'],
        ['{"k": "y", "n": null}', '{"k": "z"}', "{}"],
    ),
    ({"oneOf": [{"enum": [1, 2]}, {"enum": [2, 3]}]}, ["1", "3"], ["2"]),
    # numbers
    ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 3}, ["2"], ["1", "3"]),
    ({"type": "integer", "minimum": 1, "exclusiveMinimum": True, "maximum": 2}, ["2"], ["1", "3"]),
    ({"type": "number", "minimum": 1, "maximum": 2}, ["1", "1.5", "2", "2.0"], ["3", "0.99", "2.01", "1e0"]),
    ({"type": "number", "exclusiveMinimum": 0}, ["0.001", "7"], ["0", "0.0", "-1", "-0.5"]),
    (
        {"type": "number", "minimum": -90, "maximum": 90},
        ["-90", "0", "-0.5", "89.999"],
        ["90.1", "-91", "-90.5"],
    ),
    ({"type": "number", "multipleOf": 1}, ["7"], ["7.5"]),
    ({"type": "integer", "multipleOf": 5, "minimum": 0, "maximum": 20}, ["0", "15"], ["3", "25"]),
    # strings
    ({"type": "string", "minLength": 1}, ['" "', '"\\n"'], ['""']),
    ({"type": "string", "pattern": "^[A-Z]{3}$"}, ['"USD"'], ['"US"', '"usd"', '"USDX"']),
    ({"type": "string", "pattern": "b+$"}, ['"abb"', '"b"'], ['"ba"', '""']),
    ({"type": "string", "pattern": '^(a|\\\\|")+$'}, ['"a"', '"\\\\\\""'], ['"b"', '""']),
    ({"type": "string", "pattern": "^[a-z]*$", "minLength": 1}, ['"a"'], ['""', '"1"']),
    ({"type": "string", "pattern": "^[^/]+$"}, ['"é\\n"'], ['"a/b"', '""']),
    (
        {"type": "string", "pattern": "^(?!aws:)[a-z:]+$"},
        ['"aws"', '"a:"', '"awx:"'],
        ['"aws:"', '"aws:x"', '""'],
    ),
    ({"type": "string", "pattern": "^(?!\\s*$).+"}, ['" a "', '"a"'], ['" "', '""']),
    ({"type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]+$"}, ['"a1"', '"1a"', '"1"'], ['"a"', '""']),
    ({"type": "string", "format": "uuid"}, ['"0b1F2c3d-1111-2222-3333-444455556666"'], ['"0b1f"', '""']),
    ({"type": "string", "format": "password"}, ['"anything"'], ["1"]),
    ({"type": ["string", "integer"], "minimum": 3, "pattern": "^a$"}, ['"a"', "3"], ['"b"', "2"]),
    ({"enum": ["ab", "b", 1], "pattern": "^a", "minLength": 1}, ['"ab"', "1"], ['"b"']),
    # arrays and objects
    (
        {"prefixItems": [{"type": "null"}, {"const": 1}], "items": False},
        ["[]", "[null]", "[null, 1]"],
        ["[1]"],
    ),
    (
        {"prefixItems": [{"type": "null"}], "items": {"const": 1}, "minItems": 2},
        ["[null, 1]", "[null, 1, 1]"],
        ["[null]", "[1, 1]"],
    ),
    (
        {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        ["[]", '["a", "b"]'],
        ['["a", "a"]'],
    ),
    ({"type": "array", "items": {}, "maxItems": 1, "uniqueItems": True}, ["[]", "[1]"], ["[1, 1]"]),
    (
        {"type": "object", "minProperties": 1, "maxProperties": 2},
        ['{"a": 1}'],
        ["{}", '{"a": 1, "b": 1, "c": 1}'],
    ),
    (
        {"properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 1, "maxProperties": 2},
        ['{"a": 1}', '{"b": 1, "c": 1}'],
        ["{}", '{"a": 1, "b": 1, "c": 1}'],
    ),
    (
        {"type": "object", "patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False},
        ["{}", '{"x-a": 1}'],
        ['{"a": 1}', '{"x-a": "b"}'],
    ),
    (
        {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$"},
            "additionalProperties": {"type": "null"},
        },
        ['{"a": null}'],
        ['{"A": null}', '{"a": 1}'],
    ),
    (
        {"anyOf": [{"const": 1}, {"type": "object"}, {"const": {"a": 1}}]},
        ["1", '{"ab": 2}', '{"a": 1}'],
        ["2"],
    ),
]


@pytest.mark.parametrize(("schema", "accepted", "refused"), ACCEPTED, ids=lambda case: str(case)[:50])
def test_keywords_are_enforced(schema: dict[str, Any], accepted: list[str], refused: list[str]) -> None:
    grammar = json_grammar(schema)
    assert grammar.relaxed == ()
    assert all(all_accept(grammar, text) for text in accepted)
    assert all(all_refuse(grammar, text) for text in refused)


RELAXED: list[tuple[dict[str, Any], list[tuple[str, str]], str]] = [
    (
        {"type": "string", "pattern": "^(a)\\1$", "maxLength": 1},
        [("$", "pattern"), ("$", "maxLength")],
        '"bb"',
    ),
    ({"type": "string", "pattern": "^\\w{2,99}$"}, [("$", "pattern")], json.dumps("b" * 120)),
    (
        {"properties": {"u": {"format": "regex", "type": "string"}}},
        [("$.properties.u", "format")],
        '{"u": "("}',
    ),
    (
        {"type": "array", "items": {}, "uniqueItems": True},
        [("$", "uniqueItems")],
        "[null, null]",
    ),
    (
        {"type": "array", "items": {"type": "null"}, "minItems": 9999},
        [("$", "minItems")],
        dumped([None] * 1000),
    ),
    ({"type": "number", "multipleOf": 0.5}, [("$", "multipleOf")], "0.3"),
    ({"type": "integer", "multipleOf": 2}, [("$", "multipleOf")], "3"),
    ({"type": "integer", "minimum": "one"}, [("$", "minimum")], "3"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, [("$", "oneOf")], "1"),
    ({"type": "array", "items": {"$ref": "http://x/y"}}, [("$.items", "$ref")], "[{}]"),
    ({"type": "integer", "not": {"const": 1}}, [("$", "not")], "1"),
    ({"type": "array", "items": {}, "contains": {"const": 1}}, [("$", "contains")], "[2]"),
]


@pytest.mark.parametrize(("schema", "lost", "accepted"), RELAXED, ids=lambda case: str(case)[:50])
def test_what_is_not_enforced_is_told(
    schema: dict[str, Any], lost: list[tuple[str, str]], accepted: str
) -> None:
    grammar = json_grammar(schema)
    assert set(grammar.relaxed) == {Relaxation(path, keyword) for path, keyword in lost}
    assert all_accept(grammar, accepted)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, r"\$\.properties\.a"),
        ({"type": "array", "items": {"enum": []}, "minItems": 1}, r"\$\.items"),
        ({"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}, r"\$"),
        ({"$ref": "#"}, r"\$"),
        ({"allOf": [{"$ref": "#"}, {"type": "integer"}]}, r"\$"),
        ({"allOf": [{"const": 1}, {"const": 2}]}, r"\$"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, r"\$"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, r"\$\.properties\.a"),
        ({"type": "string", "pattern": "^a$", "minLength": 2}, r"\$"),
        ({"enum": ["ab", "b"], "pattern": "^a$"}, r"\$"),
        ({"type": "whatever"}, r"\$"),
        ({"enum": [1], "type": "string"}, r"\$"),
        ({"anyOf": [False, {"type": "integer", "minimum": 2, "maximum": 1}]}, r"\$\.anyOf\[0\]"),
        ({"type": "object", "properties": []}, r"\$"),
        ({"type": "object", "properties": {"a": "string"}, "required": ["a"]}, r"\$\.properties\.a"),
    ],
)
def test_a_schema_without_values_is_refused_with_its_path(schema: dict[str, Any], path: str) -> None:
    if schema.get("properties") == []:
        schema = {"type": "object", "properties": ["a"]}
    with pytest.raises(UnsupportedSchema, match=f"tool mail/SEND, {path}"):
        read_schema(schema, where="tool mail/SEND")


def test_a_schema_that_branches_into_itself_stays_small() -> None:
    branches = {f"b{n}": {"allOf": [{"$ref": "#/$defs/node"}]} for n in range(8)}
    schema = {"$defs": {"node": {"type": "object", "properties": branches}}, "$ref": "#/$defs/node"}
    assert len(json_grammar(schema).render("gbnf")) < 10_000
    wide: dict[str, Any] = {"$defs": {"d0": {"type": "string"}}, "$ref": "#/$defs/d12"}
    for n in range(1, 13):
        inner = {"$ref": f"#/$defs/d{n - 1}"}
        wide["$defs"][f"d{n}"] = {"type": "object", "properties": {"l": inner, "r": inner}}
    grammar = json_grammar(wide)
    assert grammar.relaxed == ()
    assert len(grammar.render("gbnf")) < 10_000


def test_many_optional_keys_take_linear_space() -> None:
    def size(count: int) -> int:
        keys = {f"key{n:03}": {"type": "string"} for n in range(count)}
        return len(json_grammar({"type": "object", "properties": keys}).render("gbnf"))

    assert size(100) < 2.5 * size(50)


def test_lengths_are_counted_where_they_are_asked_for() -> None:
    schema: dict[str, Any] = {"type": "string", "minLength": 2, "maxLength": 3}
    grammar = json_grammar(schema, exact=True)
    assert grammar.relaxed == ()
    assert all_accept(grammar, '"é2"') and all_accept(grammar, '"abc"')
    assert all_refuse(grammar, '"a"') and all_refuse(grammar, '"abcd"')
    assert {lost.cause for lost in json_grammar(schema).relaxed} == {"length"}


def test_what_is_narrowed_is_told_apart_from_what_is_relaxed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": True}
    reading = read_schema(schema, where="a test")
    assert reading.relaxed == ()
    assert reading.narrowed == (Relaxation("$", "additionalProperties"),)


@quick
@given(
    least=st.decimals(-99, 99, places=2),
    span=st.decimals(0, 50, places=1),
    number=st.decimals(-120, 160, places=3),
    strict=st.booleans(),
)
def test_numbers_keep_to_their_bounds(least: Any, span: Any, number: Any, strict: bool) -> None:
    most = least + span
    keywords = ("exclusiveMinimum", "exclusiveMaximum") if strict and span else ("minimum", "maximum")
    schema = {"type": "number", keywords[0]: float(least), keywords[1]: float(most)}
    grammar = json_grammar(schema)
    for each in (number, least, most, (least + most) / 2):
        text = format(each, "f")
        if not re.fullmatch(r"-0(\.0*)?", text):
            assert matches(grammar, text) == jsonschema.Draft202012Validator(schema).is_valid(float(each)), (
                text
            )


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize(
    "keyword", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
)
@pytest.mark.parametrize("bound", [10**400, -(10**400)])
def test_a_bound_beyond_any_float_is_read_like_any_other(kind: str, keyword: str, bound: int) -> None:
    try:
        grammar = json_grammar({"type": kind, keyword: bound})
    except UnsupportedSchema as fault:
        assert "no JSON value fits" in fault.what
    else:
        assert matches(grammar, "0")


@pytest.mark.parametrize(
    "keyword", ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]
)
def test_a_count_beyond_any_float_makes_a_small_grammar(keyword: str) -> None:
    kind = {"Length": "string", "Items": "array", "Properties": "object"}[keyword[3:]]
    assert len(json_grammar({"type": kind, keyword: 10**400}).render("lark")) < 1000
