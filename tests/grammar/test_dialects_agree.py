"""One language in four notations: matchers that are not ours find the same fault in the same place."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.dialects.follow import followers
from funcdex.grammar.ir import Chars, JsonString, Literal, Node, Reference, Repeat, Tree, choice, sequence
from funcdex.grammar.tree_grammar import TreeGrammar
from grammar.damage import Case, conversation_cases, json_cases
from grammar.grammar_matchers import agreed_fault, all_accept, all_refuse, faults, xgrammar_fault

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# What some notation or other writes in a way of its own, and what comes wrong next to it.
ODD = "\x00\t\n\r\x1f\x7f\x85\xa0\u2028\ufeff\U0001f600\U000e0001é \"'\\/[]^-|.*+?(){}<>=:#$%&ux0aAfF9~"


@quick
@given(case=conversation_cases())
def test_all_dialects_find_the_same_fault_in_a_conversation_or_none(case: Case) -> None:
    if agreed_fault(faults(case.grammar, case.text), case.text) is None:
        case.assert_right()


@quick
@given(drawn=json_cases())
def test_all_dialects_find_the_same_fault_in_a_json_value_or_none(drawn: tuple[Case, dict[str, Any]]) -> None:
    case, schema = drawn
    if agreed_fault(faults(case.grammar, case.text), case.text) is None:
        jsonschema.validate(json.loads(case.text), schema)


odd_texts = st.text(st.sampled_from(ODD), min_size=1, max_size=8)


@quick
@given(text=odd_texts, other=odd_texts)
def test_a_literal_is_its_very_text_in_every_dialect(text: str, other: str) -> None:
    grammar = grammar_with(Literal(text))
    assert all_accept(grammar, text)
    assert other == text or all_refuse(grammar, other)


@quick
@given(
    members=st.lists(st.sampled_from(ODD), min_size=2, max_size=6, unique=True),
    negated=st.booleans(),
    asked=st.sampled_from(ODD),
)
def test_a_class_holds_its_very_characters_in_every_dialect(
    members: list[str], negated: bool, asked: str
) -> None:
    low, high = sorted(members[:2])
    ranges = ((low, high), *((member, member) for member in members[2:]))
    inside = low <= asked <= high or asked in members
    judge = all_accept if inside != negated else all_refuse
    assert judge(grammar_with(Chars(ranges, negated)), asked)


def grammar_with(node: Node) -> TreeGrammar:
    return TreeGrammar(Tree("root", {"root": node}))


def test_a_wrong_lookahead_is_noticed() -> None:
    grammar = json_grammar({"type": "array", "items": {"type": "string"}})
    ebnf, text = grammar.render("ebnf"), '["a", "b"]'
    assert xgrammar_fault(ebnf, "ebnf", text) is None
    wrong = ebnf.replace("(= [,\\]])", "(= [}])")
    assert wrong != ebnf
    with pytest.raises(AssertionError, match="accepted and masked, or neither"):
        xgrammar_fault(wrong, "ebnf", text)


def test_a_lookahead_holds_all_that_can_follow() -> None:
    tail = Repeat(choice(Literal(", "), Chars((("0", "9"),))), 0, None)
    rules = {
        "root": sequence(Reference("a"), tail, Reference("b"), Literal("!")),
        "a": choice(Literal("x"), sequence(Literal("y"), JsonString())),
        "b": Repeat(Literal("z"), 0, 1),
    }
    assert followers(Tree("root", rules)) == {
        JsonString(): Chars((("!", "!"), (",", ","), ("0", "9"), ("z", "z")))
    }
    repeated = Tree("root", {"root": Repeat(JsonString(), 1, 3)})
    assert followers(repeated) == {JsonString(): Chars((('"', '"'),))}


def test_nothing_is_demanded_behind_the_end() -> None:
    assert followers(json_grammar({"type": "string"}).tree) == {JsonString(): None}
    assert " (= " not in json_grammar({"type": "string"}).render("ebnf")
