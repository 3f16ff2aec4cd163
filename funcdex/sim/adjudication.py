"""The simulated endpoint's word on whether two descriptions are of the same task.

The question is the prompt's end: `A: ...`, `B: ...`, and whether both describe the same task. They do if many
of their words are the same, names and numbers aside, and none denies anything that the other does not. Of the
endpoint's own scenarios, put together from a few hundred words, that is one in ten pairs: both answers occur.
"""

from __future__ import annotations

import re

SAME_SHARE = 0.3
"""Share of words in common (Dice) from which on two descriptions are of the same task."""

_QUESTION = "\n\nDo A and B describe the same task?"
_WORD = re.compile(r"\b[a-z]{4,}\b")
_DENIAL = re.compile(r"\b(?:not|never|without|nothing|no)\b|n't\b")
_LONGEST = 20_000
"""Characters of a question that are looked at."""


def verdict_on(prompt: str) -> dict[str, bool] | None:
    """The answer to the question that a prompt ends with; None if it asks none."""
    asked, question, _ = prompt.rpartition(_QUESTION)
    if not question:
        return None
    one, between, other = asked[-_LONGEST:].rpartition("\n\nB: ")
    _, begun, one = f"\n{one}".rpartition("\nA: ")
    if not between or not begun:
        return None
    return {"same_task": _likeness(one, other) >= SAME_SHARE and _denials(one) == _denials(other)}


def _likeness(one: str, other: str) -> float:
    # Names begin with a capital letter; a sentence's first word is lost with them.
    here, there = frozenset(_WORD.findall(one)), frozenset(_WORD.findall(other))
    both = len(here) + len(there)
    return 2 * len(here & there) / both if both else 1.0


def _denials(text: str) -> bool:
    return _DENIAL.search(text.lower()) is not None
