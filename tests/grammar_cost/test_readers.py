"""Grammar files from anywhere: what is read means the same, what cannot be read is said in one message."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.dml.writer import write
from funcdex.errors import GrammarError
from funcdex.grammar_cost.bnf import read_bnf
from funcdex.grammar_cost.engines import Source, make_engine
from funcdex.grammar_cost.lark import read_lark
from funcdex.grammar_cost.lint import lint
from funcdex.grammar_cost.notation import MAX_BYTES, Rules
from funcdex.grammar_cost.source import as_lark, source_of
from funcdex.grammar_cost.talk import TalkForm, draw_conversation
from grammar_cost.grammars import BYTES, PREDECESSOR_STYLE, TOOLS, grammar_for

Read = Callable[[str], Rules]
READERS: list[Read] = [read_bnf, read_lark]

PIECES = [
    *"()[]{}|*+?~:=\"'\\/#%.,<>-!&$^ab_1 \n",
    "::=", "root ", "start", "x:", "{1,2}", "{9999999999}", "(=", "[^", "\\x", "\\u{110000}", "%json {",
    "TagDispatch(", "->", "..", '"a"', "[a-z]", "/(a|b)*/",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(text=st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=30))
def test_any_text_is_read_or_refused_in_one_message(text: str) -> None:
    for read in READERS:
        for whole in (text, f'root ::= "a"\n{text}', f"start: /a/ {text}"):
            try:
                rules = read(whole)
            except GrammarError as error:
                assert "line" in error.where
            else:
                assert rules.rules and lint(rules) is not None


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_bnf, "root ::= " + "(" * 100_000),
        (read_bnf, "root ::= " + '"a"' + "*" * 100_000),
        (read_lark, "start: " + "[" * 100_000),
        (read_lark, "start: /" + "(" * 100_000 + "/"),
        (read_lark, "start: /a" + "*" * 100_000 + "/"),
        (read_lark, 'start: %json {"a": ' + "[" * 100_000),
        (read_bnf, 'root ::= "' + "a" * (MAX_BYTES + 1)),
        (read_bnf, ""),
        (read_lark, "just words"),
        (read_bnf, 'root ::= "a" )'),
        (read_bnf, "root ::= [z-a]"),
        (read_bnf, 'root ::= "a"{5,2}'),
    ],
    ids=lambda case: str(case)[:30],
)
def test_hostile_and_broken_grammars_are_refused(read: Read, text: str) -> None:
    with pytest.raises(GrammarError):
        read(text)


def test_a_chain_of_very_many_rules_is_looked_at() -> None:
    count = 20_000
    chain = "".join(f'r{n} ::= r{n + 1} "a"?\n' for n in range(count))
    rules = read_bnf(f"root ::= r0\n{chain}r{count} ::= root")
    assert {each.kind for each in lint(rules)} == {"left-recursion"}


def accepts(source: Source, text: str) -> bool:
    """What llguidance says of a text, byte by byte."""
    start, _ = make_engine("llguidance", BYTES).compile(source)
    walker = start()
    if not all(walker.accept(byte) for byte in text.encode()):
        return False
    walker.fill()
    return BYTES.end in walker.allowed()


@pytest.mark.parametrize("seed", range(4))
def test_a_translation_into_lark_has_the_same_language(seed: int) -> None:
    form = TalkForm(thoughts=False, parallel_calls=False, turns=2)
    text = write(draw_conversation(TOOLS, form, random.Random(seed), steps=2))
    translated = as_lark(read_bnf(PREDECESSOR_STYLE.read_text("utf-8")))
    assert translated is not None
    assert accepts(translated, text)
    assert not accepts(translated, text.replace("</tool>", "</tool", 1))
    assert not accepts(translated, text.removeprefix("</user>"))


def test_rules_that_have_no_translation_are_not_translated() -> None:
    assert as_lark(read_bnf('root ::= TagDispatch(("<a>", b))\nb ::= "b"')) is None
    assert as_lark(read_bnf('root ::= "a" missing')) is None


def test_our_renderings_are_told_apart_by_their_look() -> None:
    grammar = grammar_for(TalkForm(False, False, 1))
    assert source_of(grammar.render("lark")).form == "lark"
    assert source_of(grammar.render("ebnf")).form == "bnf"
    assert source_of(grammar.render("structural_tag")).form == "structural_tag"
