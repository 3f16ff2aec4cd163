"""Three readings of a grammar by matchers that are not ours, and what the tests of this folder share."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import xgrammar
from hypothesis import assume

from funcdex.grammar.check import matches
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tool_parts import Level
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.tools import Tool


def grammar_of(
    *tools: Tool,
    level: Level = "schema",
    thoughts: bool = False,
    parallel_calls: bool = False,
    turns: tuple[int, int] = (1, 3),
    **asked: Any,
) -> TreeGrammar:
    """A conversation grammar with the options that most tests leave alone; `asked`: must_call, calls..."""
    return conversation_grammar(
        tools,
        thoughts=thoughts,
        parallel_calls=parallel_calls,
        min_user_turns=turns[0],
        max_user_turns=turns[1],
        level=level,
        **asked,
    )


def verdicts(grammar: TreeGrammar, text: str) -> dict[str, bool]:
    """What each matcher says: is the text, whole, in the language?"""
    return {
        "llguidance, Lark": matches(grammar, text),
        "xgrammar, Lark": _xgrammar_accepts(_compiled(grammar.render("lark"), "lark"), text),
        "xgrammar, GBNF": _xgrammar_accepts(_compiled(grammar.render("gbnf"), "gbnf"), text),
    }


def all_accept(grammar: TreeGrammar, text: str) -> bool:
    """Every matcher accepts; if not, the test shows who did not."""
    said = verdicts(grammar, text)
    assert all(said.values()), f"{said} for {text!r}"
    return True


def all_refuse(grammar: TreeGrammar, text: str) -> bool:
    """Every matcher refuses; if not, the test shows who did not."""
    said = verdicts(grammar, text)
    assert not any(said.values()), f"{said} for {text!r}"
    return True


def assume_within_bounds(written: str) -> None:
    """Leaves out what can be written and not generated: long runs of line breaks and `<`, long numbers."""
    assume(not re.search(r"\n{3}|<{3}|[0-9]{19}", written))


def _xgrammar_accepts(compiled: xgrammar.CompiledGrammar, text: str) -> bool:
    matcher = xgrammar.GrammarMatcher(compiled)
    return all(matcher.accept_token(byte) for byte in text.encode()) and matcher.is_completed()


@cache
def _compiler() -> xgrammar.GrammarCompiler:
    words = [*(bytes([value]) for value in range(256)), b"<end>"]
    info = xgrammar.TokenizerInfo(words, xgrammar.VocabType.RAW, stop_token_ids=[256])
    return xgrammar.GrammarCompiler(info, max_threads=1)


@cache
def _compiled(text: str, dialect: str) -> xgrammar.CompiledGrammar:
    if dialect == "lark":
        return _compiler().compile_lark(text)
    return _compiler().compile_grammar(xgrammar.Grammar.from_ebnf(text))
