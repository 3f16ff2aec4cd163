"""What counts as a token, and the byte vocabulary that grammars are matched over.

The matcher knows 256 bytes and an end: masks stay tiny, and a word or a whole sentence is offered to it as a
run of bytes at about 0.4 microseconds a byte. Usage and timing count pieces of about four characters instead,
the size of a real model's tokens.
"""

from __future__ import annotations

import re
from functools import cache

from llguidance import LLTokenizer, TokenizerWrapper

END_OF_TEXT = 256
_PIECE = re.compile(r" ?[^\W\d_]{1,7}|\d{1,3}| ?[^\w\s]{1,3}|\s+|_")


def pieces(text: str) -> list[str]:
    """The text cut into tokens; joined, they are the text again."""
    return _PIECE.findall(text)


def count_tokens(text: str) -> int:
    """How many tokens a text has."""
    return len(pieces(text))


class _ByteVocabulary:
    """What llguidance asks of a tokenizer."""

    def __init__(self) -> None:
        self.tokens = [bytes([byte]) for byte in range(256)] + [b"<|end|>"]
        self.eos_token_id = END_OF_TEXT
        self.bos_token_id = None
        self.special_token_ids = [END_OF_TEXT]

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


@cache
def byte_tokenizer() -> LLTokenizer:
    """The vocabulary in llguidance's form, built once in a process (2 ms)."""
    return LLTokenizer(TokenizerWrapper(_ByteVocabulary()))
