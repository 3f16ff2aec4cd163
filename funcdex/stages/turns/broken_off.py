"""A conversation that cannot go on: a part of it gave no answer that could be used."""

from __future__ import annotations

from funcdex.stages.context import Dialogue
from funcdex.types.fault import Fault


class BrokenOff(Exception):
    """Never leaves this package: it becomes a fault, of the turn (an index) if there is one."""

    def __init__(self, reason: str, detail: str, turn: int | None = None) -> None:
        super().__init__(detail)
        self.fault = Fault(reason, detail, turn)


def refuse_if_spent(dialogue: Dialogue) -> None:
    """Raises BrokenOff where the tokens of a conversation are used up."""
    if dialogue.spent_tokens >= dialogue.context.settings.generation.max_tokens:
        raise BrokenOff("length", "the tokens for one conversation are used up")
