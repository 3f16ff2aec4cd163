"""What is wrong with one conversation, as a value: checks return faults, they do not raise them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule.

    `reason` is a code to count by (`unknown_tool`), `detail` a sentence for a person or a model that is
    asked to correct it, `turn` the index of the turn from 0, None where the whole conversation is meant.
    """

    reason: str
    detail: str
    turn: int | None = None
