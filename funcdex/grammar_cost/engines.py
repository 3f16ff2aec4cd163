"""The two libraries that make token masks, behind one shape: compile a grammar, then fill and accept.

Lark is read by both. Of BNF (`::=`: GBNF, xgrammar's EBNF) llguidance reads none, so it gets a translation.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from funcdex.errors import GrammarError
from funcdex.grammar_cost.vocabulary import Vocabulary

EngineName = Literal["llguidance", "xgrammar"]
Form = Literal["lark", "bnf", "structural_tag"]


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a grammar in one form."""

    form: Form
    text: str


@dataclass(frozen=True, slots=True)
class Walker:
    """A matcher at the start of a text. `fill` makes the mask of the next token, `accept` takes a token
    (False if the grammar does not), `allowed` lists the tokens in the mask."""

    fill: Callable[[], object]
    accept: Callable[[int], bool]
    allowed: Callable[[], Any]


class Engine(Protocol):
    """One library over one vocabulary."""

    name: EngineName

    def compile(self, source: Source) -> tuple[Callable[[], Walker], float]:
        """What starts a walk, and the CPU seconds that compiling took. Raises GrammarError."""


def installed(name: EngineName) -> bool:
    """Whether the library is there."""
    return importlib.util.find_spec(name) is not None


def make_engine(name: EngineName, vocabulary: Vocabulary) -> Engine:
    """The engine, with empty caches."""
    return Llguidance(vocabulary) if name == "llguidance" else Xgrammar(vocabulary)


class Llguidance:
    """llguidance: lexemes, and a walk over the vocabulary for each mask."""

    name: EngineName = "llguidance"

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.tokenizer = tokenizer_of(vocabulary)
        self._words = len(vocabulary.words)

    def compile(self, source: Source) -> tuple[Callable[[], Walker], float]:
        """See Engine."""
        from llguidance import LLMatcher

        if source.form != "lark":
            raise GrammarError(
                "llguidance reads Lark only", where=f"a grammar in {source.form}", fix="Render it in Lark."
            )
        begun = time.process_time()
        matcher = LLMatcher(self.tokenizer, LLMatcher.grammar_from_lark(source.text), log_level=0)
        spent_s = time.process_time() - begun
        if matcher.is_error():
            raise _unreadable(self.name, matcher.get_error())
        return partial(self._walker, matcher), spent_s

    def _walker(self, compiled: Any) -> Walker:
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        matcher = compiled.deep_copy()
        mask = allocate_token_bitmask(1, self.tokenizer.vocab_size)
        fill = partial(fill_next_token_bitmask, matcher, mask, 0)
        return Walker(fill, matcher.consume_token, partial(_ids, mask, self._words))


class Xgrammar:
    """xgrammar: masks of each state made when it compiles, put together for each token."""

    name: EngineName = "xgrammar"

    def __init__(self, vocabulary: Vocabulary) -> None:
        import xgrammar

        self._words = len(vocabulary.words)
        info = xgrammar.TokenizerInfo(
            list(vocabulary.words), xgrammar.VocabType.RAW, stop_token_ids=[vocabulary.end]
        )
        # One thread, because a server that compiles while it generates has no more to spare.
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1)

    def compile(self, source: Source) -> tuple[Callable[[], Walker], float]:
        """See Engine."""
        compiler = self._compiler
        read: dict[Form, Callable[[str], Any]] = {
            "lark": compiler.compile_lark,
            "bnf": compiler.compile_grammar,
            "structural_tag": compiler.compile_structural_tag,
        }
        begun = time.process_time()
        try:
            compiled = read[source.form](source.text)
        except Exception as error:
            raise _unreadable(self.name, str(error)) from error
        return partial(self._walker, compiled), time.process_time() - begun

    def _walker(self, compiled: Any) -> Walker:
        import xgrammar

        matcher = xgrammar.GrammarMatcher(compiled)
        mask = xgrammar.allocate_token_bitmask(1, self._words)

        def fill() -> None:
            # False: everything may follow, and the mask is left as it was.
            if not matcher.fill_next_token_bitmask(mask):
                mask.fill_(-1)

        return Walker(fill, matcher.accept_token, lambda: _ids(mask.numpy(), self._words))


def tokenizer_of(vocabulary: Vocabulary) -> Any:
    """llguidance's tokenizer, which also cuts texts: the longest word that fits, again and again."""
    from llguidance import LLTokenizer, TokenizerWrapper

    single = {word: rank for rank, word in enumerate(vocabulary.words) if len(word) == 1}

    class Wrapped:
        tokens = list(vocabulary.words)
        eos_token_id = vocabulary.end
        bos_token_id = None
        special_token_ids = (vocabulary.end,)

        def __call__(self, text: bytes) -> list[int]:
            return [single[bytes([value])] for value in text]

    return LLTokenizer(TokenizerWrapper(Wrapped()))


def _ids(mask: Any, words: int) -> Any:
    """The tokens whose bits are set; the last bits of a mask belong to none."""
    import numpy

    return numpy.flatnonzero(numpy.unpackbits(mask.view(numpy.uint8).ravel(), bitorder="little")[:words])


def _unreadable(name: EngineName, said: str) -> GrammarError:
    first = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    return GrammarError(f"it cannot be read: {first[:300]}", where=name, fix="Correct the grammar.")
