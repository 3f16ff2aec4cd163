"""One language in four notations: matchers that are not ours find the same fault in the same place."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.dialects import ebnf
from funcdex.grammar.dialects.ebnf import render_ebnf
from funcdex.grammar.dialects.follow import followers
from funcdex.grammar.ir import Chars, JsonString, Literal, Reference, Repeat, Tree, choice, sequence
from grammar.damage import (
    ODD,
    Case,
    conversation_cases,
    grammar_with,
    holds,
    json_cases,
    odd_classes,
    odd_texts,
)
from grammar.grammar_matchers import agreed_fault, all_accept, all_refuse, faults, xgrammar_fault

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


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


@quick
@given(text=odd_texts(), other=odd_texts())
def test_a_literal_is_its_very_text_in_every_dialect(text: str, other: str) -> None:
    grammar = grammar_with(Literal(text))
    assert all_accept(grammar, text)
    assert other == text or all_refuse(grammar, other)


@quick
@given(chars=odd_classes(), asked=st.sampled_from(ODD))
def test_a_class_holds_its_very_characters_in_every_dialect(chars: Chars, asked: str) -> None:
    # xgrammar 0.2.8 finds U+007F in some classes of control characters in Lark, such as [\\x00-\\x1f0]; no
    # region of ours has such a class.
    assume(asked != "\x7f")
    judge = all_accept if holds(chars, asked) else all_refuse
    assert judge(grammar_with(chars), asked)


def test_a_repeated_repetition_is_written_so_that_every_dialect_reads_it() -> None:
    grammar = grammar_with(sequence(Literal("("), Repeat(Repeat(Literal("ab"), 1, 2), 2, 2), Literal(")")))
    assert all(all_accept(grammar, f"({'ab' * count})") for count in (2, 3, 4))
    assert all(all_refuse(grammar, f"({'ab' * count})") for count in (0, 1, 5))


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


def test_a_loop_over_what_can_be_empty_does_not_become_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    quote, maybe = Literal('"'), Repeat(Literal("a"), 0, 1)
    loop = sequence(quote, Repeat(maybe, 0, None), quote)
    monkeypatch.setattr(ebnf, "pattern", lambda region, flat: loop)
    text = render_ebnf(Tree("root", {"root": sequence(JsonString(), Literal(","))}))
    assert "-more" not in text
    assert xgrammar_fault(text, "ebnf", '"aa",') is None
    assert xgrammar_fault(text, "ebnf", '"b",') == 1
