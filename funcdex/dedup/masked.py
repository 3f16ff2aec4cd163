"""Refuses a scenario that is there already but for names, dates, numbers and other particulars."""

from __future__ import annotations

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.masking import masked_tokens
from funcdex.dedup.profile import LEAST_WORDS, NO_CONTENT, code


def masked_form(text: str) -> str | None:
    """Its masked tokens; None if hardly any word is left, so that it could be anything."""
    tokens = masked_tokens(text)
    words = {token for token in tokens if code(token) not in NO_CONTENT}
    return " ".join(tokens) if len(words) >= LEAST_WORDS else None


def masked_layer() -> ExactLayer:
    """The layer of that name."""
    return ExactLayer("masked", masked_form)
