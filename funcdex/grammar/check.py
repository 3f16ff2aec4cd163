"""Reads grammars and matches texts against them here, with llguidance, before any server sees them.

A malformed grammar has taken whole servers down; compiling it here takes milliseconds. The tokens are the
256 bytes, so nothing has to be downloaded and every text can be matched.

A run compiles in a process of its own (`compile_process`), because what the engine is asked to read there
comes from strangers.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from funcdex.errors import GrammarError
from funcdex.types.request import Grammar

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer


LEXER_FUEL = 500_000
"""Half of what engines spend on regular expressions by default: about 10 ms. Twenty large tools take
10,000."""
GRAMMAR_SYMBOLS = 250_000
"""Half of the default, too. Twenty large tools have 3,000."""
KEPT = 64
"""Grammars that are kept ready, those used last."""

_kept: OrderedDict[str, LLMatcher] = OrderedDict()
_lock = Lock()


def compile_locally(grammar: Grammar) -> None:
    """Raises GrammarError, naming the fault, if the grammar cannot be used."""
    _ready(grammar.render("lark"))


def fault_of_lark(lark: str) -> str | None:
    """Why the engine cannot use a text in Lark, in a line; None if it can."""
    matcher = _compiled(lark)
    return matcher.get_error().strip().splitlines()[0] if matcher.is_error() else None


def matches(grammar: Grammar, text: str) -> bool:
    """Whether the text, whole, is in the language. Raises GrammarError for a malformed grammar."""
    return fault_at(grammar, text) is None


def fault_at(grammar: Grammar, text: str) -> int | None:
    """Where the text leaves the language, in characters from 0: at the first one that cannot stand there,
    or, if only the end is missing, at the length of the text. None if it is in the language."""
    # A copy costs less than reading the grammar again. To validate takes a sixth of the time of consuming,
    # which matters because the interpreter lock is held all the while.
    matcher = _ready(grammar.render("lark")).deep_copy()
    written = text.encode(errors="replace")
    good = matcher.validate_tokens([*written, _Bytes.eos_token_id])
    return None if good > len(written) else len(written[:good].decode(errors="ignore"))


def is_read(grammar: Grammar) -> bool:
    """Whether matching a text with it takes no more than the text does: grammars in use are kept ready."""
    return grammar.is_rendered("lark") and grammar.render("lark") in _kept


def _ready(lark: str) -> LLMatcher:
    with _lock:  # Threads match, and the event loop does.
        matcher = _kept.get(lark)
        if matcher is not None:
            _kept.move_to_end(lark)
            return matcher
    matcher = _read(lark)
    with _lock:
        _kept[lark] = matcher
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return matcher


def _read(lark: str) -> LLMatcher:
    matcher = _compiled(lark)
    if matcher.is_error():
        raise GrammarError(
            f"the grammar cannot be read: {matcher.get_error().strip()}",
            where=f"Lark grammar that begins {lark[:60]!r}",
            fix="Please report this, with the tools that the grammar was made of.",
        )
    return matcher


def _compiled(lark: str) -> LLMatcher:
    # Imported late: the library takes longer than everything that needs no grammar.
    from llguidance import LLMatcher, LLParserLimits

    limits = LLParserLimits(initial_lexer_fuel=LEXER_FUEL, max_grammar_size=GRAMMAR_SYMBOLS)
    return LLMatcher(_byte_tokenizer(), LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)


class _Bytes:
    """What llguidance asks of a tokenizer: 256 tokens of one byte each, and one that ends the text."""

    eos_token_id = 256
    bos_token_id = None
    special_token_ids = (256,)
    tokens = (*(bytes([value]) for value in range(256)), b"<end>")

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


@cache
def _byte_tokenizer() -> LLTokenizer:
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_Bytes()))
