"""Refuses a scenario that is there already but for names, dates, numbers and other particulars."""

from __future__ import annotations

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.profile import LEAST_WORDS, profile_of


def masked_form(text: str) -> str | None:
    """What is the same for texts with the same masked tokens; None if hardly any word is left, so that it
    could be anything."""
    profile = profile_of(text)
    return profile.codes.tobytes().decode("latin-1") if len(profile.words) >= LEAST_WORDS else None


def masked_layer() -> ExactLayer:
    """The layer of that name."""
    return ExactLayer("masked", masked_form)
