"""Readings of a grammar in every dialect by matchers that are not ours, and what tests of grammars share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from typing import Any, get_args

import xgrammar
from hypothesis import assume

from funcdex.grammar.check import fault_at
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.level import Level
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

# Every byte, and words that run over the ends of strings, numbers, objects and texts.
_LONG_WORDS = (
    '", |", "|": |": "|": {|"}|"}}|"]|"],|"]}|"}</|{"|{"name|}}|}}</|}]|}, |}</|]}|], |0,|0}|5, |7]|1.|e"'
    '|: "|, "|<tool|\n<|.\n<|\n</|</|/user>|\n\n|a <|<<|>\n| "|\\"|\\\\"|true|null}'
)
VOCABULARY = [
    *(bytes([value]) for value in range(256)),
    *(word.encode() for word in _LONG_WORDS.split("|")),
    b"<end>",
]
_RANKS = {word: rank for rank, word in enumerate(VOCABULARY[:-1])}
_LENGTHS = sorted({len(word) for word in _RANKS}, reverse=True)


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


def faults(grammar: TreeGrammar, text: str) -> dict[str, int | None]:
    """Where each matcher says that the text leaves the language, as `grammar.check.fault_at` counts."""
    said = {
        f"xgrammar, {dialect}": xgrammar_fault(grammar.render(dialect), dialect, text) for dialect in DIALECTS
    }
    return {"llguidance, lark": fault_at(grammar, text)} | said


def agreed_fault(said: dict[str, int | None], text: str) -> int | None:
    """What all matchers say; if they differ, the test shows it."""
    assert len(set(said.values())) == 1, f"{said} for {text!r}"
    return next(iter(said.values()))


def verdicts(grammar: TreeGrammar, text: str) -> dict[str, bool]:
    """What each matcher says: is the text, whole, in the language?"""
    return {matcher: fault is None for matcher, fault in faults(grammar, text).items()}


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
    """Leaves out what can be written and not generated: long runs of line breaks, long numbers."""
    assume(not re.search(r"\n{3}|[0-9]{19}", written))


def xgrammar_fault(rendered: str, dialect: Dialect, text: str) -> int | None:
    """Where the text leaves the language of a rendered grammar.

    A wrong lookahead changes only the masks, so the masks are asked, word by word."""
    matcher = xgrammar.GrammarMatcher(_compiled(rendered, dialect))
    mask = xgrammar.allocate_token_bitmask(1, len(VOCABULARY))
    written, place = text.encode(), 0
    for word in _words(written):
        matcher.fill_next_token_bitmask(mask)
        allowed = bool(int(mask[0, word // 32]) >> (word % 32) & 1)
        assert matcher.accept_token(word) == allowed, (
            f"{VOCABULARY[word]!r} is accepted and masked, or neither"
        )
        if not allowed:
            good = sum(1 for _ in takewhile(matcher.accept_token, VOCABULARY[word]))
            return len(written[: place + good].decode(errors="ignore"))
        place += len(VOCABULARY[word])
    return None if matcher.is_completed() else len(text)


def _words(text: bytes) -> Iterator[int]:
    """The text in words of the vocabulary, always the longest that fits."""
    place = 0
    while place < len(text):
        length = next(length for length in _LENGTHS if text[place : place + length] in _RANKS)
        yield _RANKS[text[place : place + length]]
        place += length


@cache
def _compiler() -> xgrammar.GrammarCompiler:
    info = xgrammar.TokenizerInfo(VOCABULARY, xgrammar.VocabType.RAW, stop_token_ids=[len(VOCABULARY) - 1])
    return xgrammar.GrammarCompiler(info, max_threads=1)


@cache
def _compiled(text: str, dialect: Dialect) -> xgrammar.CompiledGrammar:
    match dialect:
        case "lark":
            return _compiler().compile_lark(text)
        case "structural_tag":
            return _compiler().compile_structural_tag(text)
        case "ebnf" | "gbnf":
            # Not Grammar.from_ebnf(text), which is printed and read again: "\\x7f" "0" is one character then.
            return _compiler().compile_grammar(text)
