"""The level `exact`: what `schema` leaves to a check, the grammar refuses, and with it some that is valid."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema_strategies import FORMATS, REGEXES, texts_of

from funcdex.errors import UnsupportedSchema
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.json_schema import Relaxation, read_schema
from funcdex.grammar.regex.flat import MAX_LENGTH
from funcdex.grammar.regex.json_nodes import content_of
from funcdex.grammar.regex.lengths import Fitter
from funcdex.grammar.regex.tree import CannotWrite, longest, shortest
from funcdex.grammar.validation import formats
from funcdex.types.tools import Tool
from grammar.exact_cases import CASES, TEXT
from grammar.grammar_matchers import all_accept, all_refuse, grammar_of

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("schema", "accepted", "refused"), CASES, ids=lambda case: str(case)[:60])
def test_what_schema_leaves_to_a_check_is_refused(
    schema: dict[str, Any], accepted: list[str], refused: list[str]
) -> None:
    exact, usual = json_grammar(schema, exact=True), json_grammar(schema)
    assert exact.relaxed == () != usual.relaxed
    assert all(all_accept(exact, text) and all_accept(usual, text) for text in accepted)
    assert all(all_refuse(exact, text) and all_accept(usual, text) for text in refused)
    assert all(jsonschema.Draft202012Validator(schema).is_valid(json.loads(text)) for text in accepted)
    assert not any(jsonschema.Draft202012Validator(schema).is_valid(json.loads(text)) for text in refused)


NARROWED: list[tuple[dict[str, Any], str, str]] = [
    ({**TEXT, "maxLength": 5000}, "maxLength", json.dumps("x" * (MAX_LENGTH + 1))),
    ({**TEXT, "maxLength": 9}, "maxLength", '"a \\"b\\""'),
    ({**TEXT, "pattern": "\\S", "maxLength": 9}, "maxLength", '" a"'),
    ({"type": "array", "items": TEXT, "uniqueItems": True}, "uniqueItems", '["a", "b"]'),
]


@pytest.mark.parametrize(("schema", "keyword", "left_out"), NARROWED, ids=lambda case: str(case)[:60])
def test_what_is_left_out_is_told(schema: dict[str, Any], keyword: str, left_out: str) -> None:
    reading = read_schema(schema, where="a test", exact=True)
    assert Relaxation("$", keyword) in reading.narrowed
    assert all_refuse(json_grammar(schema, exact=True), left_out)
    jsonschema.validate(json.loads(left_out), schema)


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({**TEXT, "minLength": MAX_LENGTH + 1, "maxLength": 9999}, "minLength"),
        ({"type": "array", "items": TEXT, "minItems": 2, "uniqueItems": True}, "uniqueItems"),
        ({**TEXT, "pattern": "^(a)\\1$"}, "pattern"),
        ({"type": "integer", "not": {"const": 1}}, "not"),
    ],
)
def test_what_no_grammar_says_stays_relaxed(schema: dict[str, Any], keyword: str) -> None:
    exact, usual = (read_schema(schema, where="a test", exact=one) for one in (True, False))
    assert Relaxation("$", keyword) in exact.relaxed
    assert exact == usual


def test_a_length_is_held_beside_a_pattern_that_is_not() -> None:
    reading = read_schema({**TEXT, "pattern": "^(a)\\1$", "maxLength": 2}, where="a test", exact=True)
    assert reading.relaxed == (Relaxation("$", "pattern"),)


def test_what_schema_says_in_full_is_said_in_the_same_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {**TEXT, "minLength": 1},
            "on": {**TEXT, "format": "date", "maxLength": 10},
            "kinds": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
            "code": {**TEXT, "pattern": "^[A-Z]{3}$"},
        },
    }
    assert json_grammar(schema, exact=True).render("lark") == json_grammar(schema).render("lark")


def test_a_conversation_keeps_to_the_lengths_of_its_tools() -> None:
    tool = Tool(
        "notes",
        "ADD",
        "Adds a note.",
        {"type": "object", "properties": {"title": {**TEXT, "maxLength": 5}}, "required": ["title"]},
        {"type": "object", "properties": {"id": {**TEXT, "maxLength": 3}}, "required": ["id"]},
    )

    def said(title: str, id: str) -> str:
        call = f'<tool>{{"name": "ADD", "arguments": {{"title": "{title}"}}}}</tool>'
        return (
            f"</user>\nHi\n</assistant>\n{call}\n"
            f'<tool_response>{{"id": "{id}"}}</tool_response>\n</assistant>\nDone'
        )

    exact, usual = grammar_of(tool, level="exact"), grammar_of(tool, level="schema")
    assert exact.relaxed == () != usual.relaxed
    assert all_accept(exact, said("Lunch", "n12"))
    for wrong in (said("Lunches", "n12"), said("Lunch", "n123")):
        assert all_refuse(exact, wrong) and all_accept(usual, wrong)


@quick
@given(
    data=st.data(),
    form=st.fixed_dictionaries(
        {}, optional={"pattern": st.sampled_from(REGEXES), "format": st.sampled_from(FORMATS)}
    ),
    least=st.integers(0, 30),
    more=st.none() | st.integers(0, 60),
)
def test_strings_are_as_long_as_they_may_be(
    data: st.DataObject, form: dict[str, str], least: int, more: int | None
) -> None:
    schema = {**TEXT, **form, "minLength": least} | ({} if more is None else {"maxLength": least + more})
    try:
        grammar = json_grammar(schema, exact=True)
    except UnsupportedSchema:
        return
    value = json.loads(data.draw(texts_of(grammar.tree)))
    kept = {key: schema[key] for key in schema if key not in {lost.keyword for lost in grammar.relaxed}}
    assert jsonschema.Draft202012Validator(kept, format_checker=formats()).is_valid(value)


@quick
@given(pattern=st.sampled_from(REGEXES), least=st.integers(0, 12), more=st.integers(0, 12))
def test_a_tree_held_to_lengths_reaches_no_further(pattern: str, least: int, more: int) -> None:
    fitter = Fitter()
    try:
        tree = fitter.at_most(fitter.at_least(content_of(pattern, exact=True).tree, least), least + more)
    except CannotWrite:
        return
    reach = longest(tree)
    assert shortest(tree) >= least and reach is not None and reach <= least + more
