"""Which part of a conversation with faults is written again, and how the answer takes its place.

    in one turn, which is the last or on which no later turn rests -> that turn alone ("turn")
    in some turns, or in one on which others rest                  -> from the first of them on ("rest")
    in the whole, in the markup, or where that was tried in vain   -> everything ("whole")

What is not written again stays as it is, to the byte. The answer is a conversation of its own, of so many
turns, under a grammar of the same tools: two grammars more for a set of tools, however many corrections there
are. Why not one that holds the turns before as well: docs/decisions/0014-corrections.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.dml.jsontext import encode
from funcdex.dml.parser import parse
from funcdex.dml.turns import turn_texts
from funcdex.errors import MarkupError
from funcdex.types.conversation import Turn
from funcdex.types.fault import Fault
from funcdex.types.json_values import plain_values

How = Literal["turn", "rest", "whole"]

MOST_VALUES = 2000
"""Of a turn with more values in its calls and responses it is taken for granted that later ones need them."""
MOST_DETAILS, MOST_DETAIL_CHARS = 20, 500
"""Of the faults of a text that is written again, kept in the journal."""
SHORTEST_VALUE = 4
"""Characters of a text that says something by coming again: `open`, and not `id`."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SAY_NOTHING = {"0", "1"}
_USER = "</user>"


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be written again of a conversation: `turn`, an index, alone or with all behind it; None:
    everything. `turns` are the texts of all its turns."""

    how: How
    turn: int | None
    turns: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def prompt_values(self) -> dict[str, Any]:
        """What the prompt `correction` says about it."""
        return {
            "how": self.how,
            "turn": None if self.turn is None else self.turn + 1,
            "turns": self.turns,
            "faults": [_said(fault) for fault in self.faults],
        }

    @property
    def note(self) -> dict[str, Any]:
        """What a record says of it; turns count from 1."""
        reasons = list(dict.fromkeys(fault.reason for fault in self.faults))
        return {"turn": None if self.turn is None else self.turn + 1, "how": self.how, "reasons": reasons}

    @property
    def replaced(self) -> dict[str, Any]:
        """What the journal keeps beside the note: the text that is written again, as it was, and what was
        said of it. A turn that was written again and this make a preference pair."""
        first = self.turn or 0
        texts = self.turns[first : first + 1] if self.how == "turn" else self.turns[first:]
        faults = [
            {"reason": fault.reason, "detail": fault.detail[:MOST_DETAIL_CHARS]}
            for fault in self.faults[:MOST_DETAILS]
        ]
        return {"replaced": "".join(texts), "faults": faults}

    def user_turns(self, most: int) -> tuple[int, int] | None:
        """The fewest and most turns of the answer, where a conversation has `most`; None: those of a whole
        one. The fewest are not counted down with the turns that stay: each number would be a grammar."""
        return {"turn": (1, 1), "rest": (1, most), "whole": None}[self.how]

    def applied(self, answer: str) -> str | None:
        """The conversation with the answer in its place; None if the answer is not made of turns, or of more
        than one where one was asked for."""
        if self.turn is None:
            return answer
        turns = _turns_in(answer)
        if not turns or (self.how == "turn" and turns > 1):
            return None
        before, after = self.turns[: self.turn], self.turns[self.turn + 1 :] if self.how == "turn" else ()
        return "".join(before) + answer + "".join(("\n", *after) if after else ())


def correction_of(
    text: str, faults: Sequence[Fault], tried: Collection[tuple[How, int | None]]
) -> Correction:
    """The next correction of this text, other than those `tried` (how, and the turn), unless all were."""
    whole = Correction("whole", None, (text,), tuple(faults))
    at = {fault.turn for fault in faults}
    if None in at or not at:
        return whole
    first = min(turn for turn in at if turn is not None)
    try:
        turns, conversation = turn_texts(text), parse(text)
    except MarkupError:
        return whole
    if not first < len(turns) == len(conversation.turns):
        return whole
    for how in _ways(turns, conversation.turns, first, alone=len(at) == 1):
        if (how, first) not in tried:
            return Correction(how, first, turns, tuple(faults))
    return whole


def _ways(texts: Sequence[str], turns: Sequence[Turn], first: int, *, alone: bool) -> Iterator[How]:
    if alone and not _rests_on(texts, turns, first):
        yield "turn"
    # From the first turn on is everything; with the last one there is no rest.
    if 0 < first < len(turns) - 1:
        yield "rest"


def _rests_on(texts: Sequence[str], turns: Sequence[Turn], index: int) -> bool:
    """Whether a turn behind this one repeats a value that its calls or responses brought up."""
    later = "".join(texts[index + 1 :])
    if not later:
        return False
    earlier = "".join(texts[:index]) + turns[index].user
    known, wanted = _numbers(earlier), _numbers(later)
    for count, value in enumerate(_values(turns[index])):
        if count >= MOST_VALUES:
            return True
        if isinstance(value, str):
            if len(value) >= SHORTEST_VALUE and value in later and value not in earlier:
                return True
        elif (number := encode(value)) in wanted and number not in known | _SAY_NOTHING:
            return True
    return False


def _values(turn: Turn) -> Iterator[str | int | float]:
    """Every text and number in its calls and responses."""
    steps = [step for message in turn.messages for step in message.steps]
    for step in steps:
        yield from plain_values([call.arguments for call in step.calls])
        yield from plain_values(list(step.responses))


def _numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def _turns_in(answer: str) -> int:
    """How many there are; 0 if it does not begin with one."""
    try:
        return len(turn_texts(answer)) if answer.startswith(_USER) else 0
    except MarkupError:
        return 0


def _said(fault: Fault) -> str:
    return fault.detail if fault.turn is None else f"turn {fault.turn + 1}: {fault.detail}"
