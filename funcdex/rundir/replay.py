"""Which entries of a journal count, and what they say of each conversation.

A conversation takes its stages in order, so an entry counts only if its stage is the next one. That one
rule covers what can go wrong: an entry behind a damaged line is passed over and its stage is done again,
and of two entries for one stage the first counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from funcdex.types.record import STAGES, Accepted, Entry, Rejected, Restarted, StageDone, TurnDone, Usage

Outcome = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens that were paid for."""

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0

    def plus(self, usage: Usage) -> Tokens:
        """With those of one more completion."""
        return Tokens(
            self.prompt + usage.prompt_tokens,
            self.completion + usage.completion_tokens,
            self.reasoning + usage.reasoning_tokens,
        )


@dataclass(slots=True)
class Replay:
    """What the entries taken so far say.

    `unsettled` says where the entries of each conversation on its way stand, in order: what `take` was told.
    The entries are not kept. `settled` has the end of the others (their `usage` and `detail` left out),
    `reached` how many stages each of both has behind it. `scenarios` are id and scenario in the order of the
    journal, settled conversations included. `restarts` counts the new beginnings of each, `simulated` says
    whether a simulated endpoint had a part in any. `written` says where the entry of each written
    conversation stands, settled ones included. `repeated` counts entries for a stage that was done
    already, `passed_over` those that came before their turn. `adjudicated` counts the questions to a model
    whether two scenarios are one. `turns` says where the turns of conversations stand that are not whole yet,
    those of earlier samples included.
    """

    unsettled: dict[str, list[int]] = field(default_factory=dict)
    settled: dict[str, Outcome] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    scenarios: dict[str, str] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    restarts: Counter[str] = field(default_factory=Counter)
    simulated: bool = False
    repeated: int = 0
    passed_over: int = 0
    adjudicated: int = 0
    turns: dict[str, list[int]] = field(default_factory=dict)
    _latest_turn: dict[str, tuple[int, int]] = field(default_factory=dict)
    _paid: dict[str, list[int]] = field(default_factory=dict)

    @property
    def in_progress(self) -> dict[str, int]:
        """How many stages each conversation on its way has behind it."""
        return {id: len(places) for id, places in self.unsettled.items()}

    @property
    def tokens(self) -> dict[str, Tokens]:
        """Paid for, by model."""
        return {model: Tokens(*paid) for model, paid in self._paid.items()}

    def take(self, entry: Entry, at: int = 0) -> bool:
        """Takes the next entry, which stands `at` this place. Whether it counts."""
        if isinstance(entry, StageDone):
            return self._take_stage(entry, at)
        if isinstance(entry, TurnDone):
            return self._take_turn(entry, at)
        id = entry.id
        if isinstance(entry, Restarted):
            self.restarts[id] += 1
            self._forget(id)
            return True
        if isinstance(entry, Rejected):
            self._pay(entry.usage)
        if id in self.settled:
            self.repeated += 1
            return False
        if isinstance(entry, Accepted) and self.reached.get(id, 0) < len(STAGES):
            self.passed_over += 1
            return False
        self.unsettled.pop(id, None)
        self._forget_turns(id)
        self.settled[id] = _end_of(entry)
        return True

    def take_earlier_turns(self, id: str, turns: Sequence[TurnDone]) -> None:
        """Turns that were read before, of a conversation that has `reached` its place."""
        if turns:
            self.turns[id] = [0] * len(turns)
            self._latest_turn[id] = (turns[-1].sample, turns[-1].turn)

    def _take_turn(self, entry: TurnDone, at: int) -> bool:
        """A turn counts if its conversation comes next, and it is that conversation's next turn: the one
        behind the latest, or the first of a further sample. What ends the stage tells of its bill again."""
        id, this = entry.id, (entry.sample, entry.turn)
        reached, place = self.reached.get(id, 0), _PLACE_OF["conversation"]
        sample, turn = self._latest_turn.get(id, (0, 0))
        if id in self.settled or place != reached or this <= (sample, turn):
            self.repeated += reached >= place
            self.passed_over += reached < place
            return False
        if this != (sample, turn + 1) and not (this[0] > sample and this[1] == 1):
            self.passed_over += 1
            return False
        self._latest_turn[id] = this
        self.turns.setdefault(id, []).append(at)
        return True

    def _take_stage(self, entry: StageDone, at: int) -> bool:
        """Seven in eight entries of a large run are of this kind, and a resume waits for all of them."""
        self._pay(entry.usage)
        id, stage = entry.id, entry.stage
        reached, place = self.reached.get(id, 0), _PLACE_OF[stage]
        if place != reached or id in self.settled:
            self.repeated += place < reached or id in self.settled
            self.passed_over += place > reached and id not in self.settled
            return False
        self.reached[id] = reached + 1
        if stage == "conversation":
            self.written[id] = at
            self._forget_turns(id)
        if reached:
            self.unsettled[id].append(at)
            return True
        self.unsettled[id] = [at]
        if isinstance(scenario := entry.value.get("scenario"), str):
            self.scenarios[id] = scenario
        return True

    def _forget(self, id: str) -> None:
        self.unsettled.pop(id, None)
        self.settled.pop(id, None)
        self.reached.pop(id, None)
        self.scenarios.pop(id, None)
        self.written.pop(id, None)
        self._forget_turns(id)

    def _forget_turns(self, id: str) -> None:
        self.turns.pop(id, None)
        self._latest_turn.pop(id, None)

    def _pay(self, usage: Sequence[Usage]) -> None:
        for one in usage:
            paid = self._paid.get(one.model)
            if paid is None:
                paid = self._paid[one.model] = [0, 0, 0]
            paid[0] += one.prompt_tokens
            paid[1] += one.completion_tokens
            paid[2] += one.reasoning_tokens
            if one.simulated:
                self.simulated = True
            if one.stage == "adjudicator":
                self.adjudicated += 1


_PLACE_OF = {stage: place for place, stage in enumerate(STAGES)}


def _end_of(entry: Accepted | Rejected) -> Outcome:
    """Without what only the data set and its readers want."""
    if isinstance(entry, Accepted):
        return entry
    return Rejected(entry.id, entry.stage, entry.reason)
