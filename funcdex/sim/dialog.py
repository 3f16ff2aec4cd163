"""How an invented conversation goes: its tags, how many turns and steps it has, and in which mood a text is.

The plan only prefers. The grammar says which tags can follow, and the plan chooses among those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal

from funcdex.sim.script import Script, ScriptedTurn
from funcdex.sim.templates import Mood

END = b""
"""Stands among the tags for the end of the text."""

TAGS = tuple(
    f"<{name}>".encode()
    for name in (
        *("/user", "/assistant", "assistant_thought", "/assistant_thought"),
        *("tool", "/tool", "tool_response", "/tool_response"),
    )
)
OPENS_MESSAGE = frozenset({b"</user>", b"</assistant>"})
LONGEST_TAG = max(map(len, TAGS))
_TAG = re.compile(b"|".join(map(re.escape, TAGS)))
_HARDLY = 0.002
_SURELY = 1000.0


class DialogPlan:
    """Follows the tags that are written and says what should come next."""

    def __init__(self, rng: Random, *, budget_bytes: int, script: Script | None = None) -> None:
        """`budget_bytes`: past this length everything is brought to its end. `script`: what the prompt has
        planned."""
        self._rng = rng
        self._budget = budget_bytes
        self._script = script
        self._turns = 0
        self._turns_wanted = rng.choice((2, 3, 3, 4, 5))
        if script is not None:
            self._turns_wanted = len(script.turns)
        self._steps_left = 0
        self.over_budget = False
        self.new_turn = False
        self.tag = b""
        self.mood: Mood = "report"
        self.sentences_left = rng.randint(2, 3)

    @property
    def answering(self) -> bool:
        """Whether the text is inside a tool response."""
        return self.tag == b"<tool_response>"

    @property
    def mood_of_next(self) -> Mood:
        """That of the sentence to come. The end of the first request says what the calls will need."""
        if self.tag == b"</user>" and self._turns == 1 and self.sentences_left < 2:
            return "figures" if self.sentences_left == 0 else "facts"
        return self.mood

    def advance(self, text: bytearray, start: int) -> Iterator[tuple[bytes, int, int]]:
        """Takes note of what was written from `start` on; each tag in it, with where it begins and ends."""
        self.over_budget = len(text) > self._budget
        self.new_turn = False
        for found in _TAG.finditer(text, max(0, start - LONGEST_TAG)):
            if found.end() > start:
                self._open(found.group())
                yield found.group(), found.start(), found.end()

    def _open(self, tag: bytes) -> None:
        self.tag, self.sentences_left = tag, 0
        match tag:
            case b"</user>":
                self._turns += 1
                self.new_turn = True
                self._steps_left = self._rng.choice((1, 1, 1, 2, 2, 3, 0 if self._turns > 1 else 1))
                if self._script is not None:
                    self._steps_left = len(self._scripted.calls)
                self._speak("ask" if self._turns == 1 else "follow", 3 if self._turns == 1 else 1)
            case b"</assistant>" if self._calls_go_on:
                self._speak("plan", 1)
            case b"</assistant>" if self._script is not None and self._scripted.asks:
                self._speak("clarify", 1)
            case b"</assistant>" if self._script is not None and self._scripted.ends_in_failure:
                self._speak("trouble", 1)
            case b"</assistant>":
                self._speak("report", self._rng.randint(1, 2))
            case b"<assistant_thought>":
                self._speak("thought", self._rng.randint(1, 2))
            case b"<tool>":
                self._steps_left = max(0, self._steps_left - 1)

    @property
    def _calls_go_on(self) -> bool:
        return self._steps_left > 0 and (self._script is not None or not self.over_budget)

    @property
    def _scripted(self) -> ScriptedTurn:
        """The turn of the script that stands for this one; none is planned for turns beyond it."""
        assert self._script is not None
        turns = self._script.turns
        return turns[self._turns - 1] if self._turns <= len(turns) else ScriptedTurn()

    def _speak(self, mood: Mood, sentences: int) -> None:
        self.mood, self.sentences_left = mood, min(sentences, 1) if self.over_budget else sentences

    def choose(self, exits: Sequence[bytes]) -> bytes:
        """The tag to write next (or END), one of the exits that the grammar leaves."""
        weights = [self._weight(tag) for tag in exits]
        return self._rng.choices(exits, weights if any(weights) else None)[0]

    def _weight(self, tag: bytes) -> float:
        done = self._turns >= self._turns_wanted or (self.over_budget and self._script is None)
        calls = self._calls_go_on
        match tag:
            case b"</user>":
                return _HARDLY if done or calls else 1.0
            case b"":
                return 1.0 if done and not calls else _HARDLY
            case b"<tool>" if self.tag == b"</tool>" and self._script is not None:
                return _SURELY if self._script.next_is_at_once else 0.0
            case b"<tool>" if self.tag == b"</tool>":
                return 0.2 if calls else _HARDLY
            case b"<tool>":
                return 1.0 if calls else _HARDLY
            case b"</assistant>" if self.tag == b"</tool_response>":
                return 0.5 if calls else 1.0
            case _:
                return 1.0


Separator = Literal[b"", b" ", b"\n"]


def separator(text: bytes | bytearray, tag: bytes) -> Separator:
    """What stands between the text so far and the next sentence: `tag` is the last tag written."""
    if text.endswith(b">"):
        return b"\n" if tag in OPENS_MESSAGE else b""
    return b"" if not text or text[-1:].isspace() else b" "
