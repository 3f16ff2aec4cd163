"""The probe's grammar is one language in every dialect, as matchers that are not ours read it."""

from __future__ import annotations

from functools import cache
from typing import get_args

import pytest
import xgrammar
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, grammar_from

from funcdex.endpoints.probe_grammar import ODD_WORD, ProbeGrammar
from funcdex.sim.tokens import byte_tokenizer
from funcdex.types.request import Dialect

GRAMMAR = ProbeGrammar()
END = 256
INSIDE = [ODD_WORD, f'{ODD_WORD} "".', f'{ODD_WORD} "hi" "you".', f'{ODD_WORD} "a\\n\\"" "<é>".']
OUTSIDE = [
    "",
    "Hello!",
    f"{ODD_WORD}.",
    f"{ODD_WORD} hi.",
    f'{ODD_WORD} "hi"',
    f'{ODD_WORD} "123456789".',
    f'{ODD_WORD} "a" "b" "c".',
    f'{ODD_WORD} "\n".',
    f'{ODD_WORD} "\\x".',
    f"{ODD_WORD}, hello",
]


@cache
def _compiled(dialect: Dialect) -> xgrammar.CompiledGrammar:
    vocabulary = [bytes([byte]) for byte in range(END)] + [b"</s>"]
    compiler = xgrammar.GrammarCompiler(
        xgrammar.TokenizerInfo(vocabulary, vocab_type=xgrammar.VocabType.RAW, stop_token_ids=[END])
    )
    text = GRAMMAR.render(dialect)
    if dialect == "lark":
        return compiler.compile_grammar(xgrammar.Grammar.from_lark(text))
    if dialect == "structural_tag":
        return compiler.compile_structural_tag(text)
    return compiler.compile_grammar(text)


def _xgrammar_allows(dialect: Dialect, text: str) -> bool:
    matcher = xgrammar.GrammarMatcher(_compiled(dialect))
    return bool(matcher.accept_string(text) and matcher.accept_token(END))


def _llguidance_allows(dialect: Dialect, text: str) -> bool:
    matcher = LLMatcher(byte_tokenizer(), grammar_from("grammar", GRAMMAR.render(dialect)), log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    given = list(text.encode())
    return bool(matcher.try_consume_tokens(given) == len(given) and matcher.is_accepting())


def _verdicts(text: str) -> dict[str, bool]:
    by_xgrammar = {f"xgrammar, {one}": _xgrammar_allows(one, text) for one in get_args(Dialect)}
    by_llguidance = {f"llguidance, {one}": _llguidance_allows(one, text) for one in ("lark", "gbnf")}
    return by_xgrammar | by_llguidance


@pytest.mark.parametrize("text", INSIDE)
def test_every_reader_allows_what_the_probe_allows(text: str) -> None:
    assert GRAMMAR.allows(text)
    assert all(_verdicts(text).values()), _verdicts(text)


@pytest.mark.parametrize("text", OUTSIDE)
def test_every_reader_refuses_what_the_probe_refuses(text: str) -> None:
    assert not GRAMMAR.allows(text)
    assert not any(_verdicts(text).values()), _verdicts(text)


@given(st.text(alphabet='"\\ .ab\n<', max_size=14))
def test_readers_and_the_probe_agree_on_whatever_follows_the_odd_word(rest: str) -> None:
    text = f"{ODD_WORD} {rest}"
    assert set(_verdicts(text).values()) == {GRAMMAR.allows(text)}, _verdicts(text)
