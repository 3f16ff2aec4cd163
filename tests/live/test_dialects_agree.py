"""llama.cpp's grammar code finds the same faults in the same places as the matchers of the other dialects."""

from __future__ import annotations

import json
from typing import Any

import pytest
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
from grammar.exact_cases import CASES
from grammar.grammar_matchers import agreed_fault, faults, grammar_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from funcdex.data import data_dir
from funcdex.grammar.conversation import json_grammar
from funcdex.grammar.examples import samples
from funcdex.grammar.ir import Chars, Literal
from funcdex.types.tools import JsonSchema, Tool
from live.gbnf_judge import GbnfJudge

quick = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

SHIPPED = sorted(path.stem for path in data_dir("tool_definitions").glob("*.json"))


@quick
@given(case=conversation_cases())
def test_llama_cpp_finds_the_same_fault_in_a_conversation_or_none(
    llamacpp_judge: GbnfJudge, case: Case
) -> None:
    agreed_with(llamacpp_judge, case)


@quick
@given(drawn=json_cases())
def test_llama_cpp_finds_the_same_fault_in_a_json_value_or_none(
    llamacpp_judge: GbnfJudge, drawn: tuple[Case, JsonSchema]
) -> None:
    agreed_with(llamacpp_judge, drawn[0])


@quick
@given(text=odd_texts())
def test_a_literal_is_its_very_text_to_llama_cpp(llamacpp_judge: GbnfJudge, text: str) -> None:
    assert llamacpp_judge.loads(grammar_with(Literal(text)).render("gbnf"))
    assert llamacpp_judge.fault_at(text) is None


@quick
@given(chars=odd_classes(), asked=st.sampled_from(ODD))
def test_a_class_holds_its_very_characters_to_llama_cpp(
    llamacpp_judge: GbnfJudge, chars: Chars, asked: str
) -> None:
    assert llamacpp_judge.loads(grammar_with(chars).render("gbnf"))
    assert (llamacpp_judge.fault_at(asked) is None) == holds(chars, asked)


@pytest.mark.parametrize("name", samples("gbnf"))
def test_llama_cpp_reads_every_kind_of_grammar(llamacpp_judge: GbnfJudge, name: str) -> None:
    assert llamacpp_judge.loads(samples("gbnf")[name])


@pytest.mark.parametrize("toolkit", [name for name in SHIPPED if name != "wanted_toolkits"])
def test_llama_cpp_reads_the_grammars_of_shipped_tools(llamacpp_judge: GbnfJudge, toolkit: str) -> None:
    found = json.loads((data_dir("tool_definitions") / f"{toolkit}.json").read_text(encoding="utf-8"))
    tools = (Tool(toolkit, **tool) for tool in found["tools"])
    assert llamacpp_judge.loads(grammar_of(*tools, parallel_calls=True, thoughts=True).render("gbnf"))


@pytest.mark.parametrize(("schema", "accepted", "refused"), CASES, ids=lambda case: str(case)[:60])
def test_llama_cpp_counts_what_the_level_exact_counts(
    llamacpp_judge: GbnfJudge, schema: dict[str, Any], accepted: list[str], refused: list[str]
) -> None:
    assert llamacpp_judge.loads(json_grammar(schema, exact=True).render("gbnf"))
    assert all(llamacpp_judge.fault_at(text) is None for text in accepted)
    assert all(llamacpp_judge.fault_at(text) is not None for text in refused)


def test_the_judge_refuses_what_llama_cpp_does_not_read_and_goes_on(llamacpp_judge: GbnfJudge) -> None:
    for broken in ("", "root ::= nothing", 'root ::= root "a"', 'root ::= "a" (= [b])', "a ::= [a"):
        assert not llamacpp_judge.loads(broken)
    assert llamacpp_judge.loads('root ::= "é" [0-9]+')
    assert [llamacpp_judge.fault_at(text) for text in ("é1", "é", "éa", "")] == [None, 1, 1, 0]


def agreed_with(judge: GbnfJudge, case: Case) -> None:
    assert judge.loads(case.grammar.render("gbnf"))
    said = faults(case.grammar, case.text) | {"llama.cpp, gbnf": judge.fault_at(case.text)}
    agreed_fault(said, case.text)
