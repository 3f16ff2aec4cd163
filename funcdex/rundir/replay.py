"""Reading the journal: which entries count, and what they say of each conversation.

A conversation takes its stages in order, so an entry counts only if its stage is the next one. That one
rule covers what can go wrong: an entry behind a damaged line is passed over and its stage is done again,
and of two entries for one stage the first counts.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import overload

from funcdex.rundir.jsonlines import is_json
from funcdex.rundir.layout import RunDir
from funcdex.rundir.segments import Segment, journal_text
from funcdex.types.entry_json import entry_of
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


@dataclass(frozen=True, slots=True)
class JournalState:
    """What a resume starts from; see `Replay` for the fields they share.

    `damaged` are the numbers, from 1, of lines that are no entry and were passed over. `torn` tells of an
    unfinished last line, which a kill or a power cut may leave and opening the journal cuts off.
    """

    unsettled: Mapping[str, tuple[StageDone, ...]]
    turns: Mapping[str, tuple[TurnDone, ...]]
    settled: Mapping[str, Outcome]
    reached: Mapping[str, int]
    scenarios: tuple[tuple[str, str], ...]
    written: Mapping[str, int]
    tokens: Mapping[str, Tokens]
    restarts: Mapping[str, int]
    simulated: bool
    repeated: int
    passed_over: int
    damaged: tuple[int, ...]
    torn: bool

    @property
    def rejected_ids(self) -> tuple[str, ...]:
        """What `--retry-rejected` tries again, in the order of the journal."""
        return tuple(id for id, outcome in self.settled.items() if isinstance(outcome, Rejected))


@dataclass(frozen=True, slots=True)
class Damaged:
    """A line of the journal that holds no entry."""

    number: int
    torn: bool


def read_journal(run: RunDir) -> JournalState:
    """Reads the journal and changes nothing; an absent one is an empty one. No other process may change it.

    Memory holds the entries of unsettled conversations, and one scenario for each. Raises CheckpointError.
    """
    replay = Replay()
    damaged: list[Damaged] = []
    with _without_collection():
        for at, item in placed_items(run):
            if isinstance(item, Damaged):
                damaged.append(item)
            else:
                replay.take(item, at)
    return JournalState(
        unsettled={id: tuple(map(_as_stage, each)) for id, each in _entries_at(run, replay.unsettled)},
        turns={id: tuple(map(_as_turn, each)) for id, each in _entries_at(run, replay.turns)},
        settled=replay.settled,
        reached=replay.reached,
        scenarios=tuple(replay.scenarios.items()),
        written=replay.written,
        tokens=replay.tokens,
        restarts=replay.restarts,
        simulated=replay.simulated,
        repeated=replay.repeated,
        passed_over=replay.passed_over,
        damaged=tuple(line.number for line in damaged if not line.torn),
        torn=any(line.torn for line in damaged),
    )


def journal_items(run: RunDir) -> Iterator[Entry | Damaged]:
    """Every line in order, as an entry or as what is wrong with it. Raises CheckpointError."""
    for _, item in placed_items(run):
        yield item


def placed_items(
    run: RunDir, parts: Sequence[Segment] | None = None
) -> Iterator[tuple[int, Entry | Damaged]]:
    """The same, each behind its place: an offset in all files of the journal, of which `parts` are some.
    Lines are numbered in the same way."""
    with journal_text(run, parts) as text:
        for number, (at, line, last) in enumerate(text.lines(), 1):
            try:
                yield at, entry_of(line)
            except ValueError:
                yield at, Damaged(number, torn=last and not is_json(line))


def _entries_at(run: RunDir, places: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, list[Entry]]]:
    """The entries that stand at these places. Few: they are read a second time, so that those of settled
    conversations need not be kept."""
    with journal_text(run) as text:
        for id, each in places.items():
            yield id, [entry_of(text.line_at(at)) for at in each]


def _as_stage(entry: Entry) -> StageDone:
    assert isinstance(entry, StageDone)
    return entry


def _as_turn(entry: Entry) -> TurnDone:
    assert isinstance(entry, TurnDone)
    return entry


class WrittenConversations(Sequence[str]):
    """The markup of conversations whose entries stand at these places, read when it is asked for. What
    cannot be read is "". Blocks."""

    def __init__(self, run: RunDir, places: Sequence[int]) -> None:
        self._run = run
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, which: int) -> str: ...

    @overload
    def __getitem__(self, which: slice) -> list[str]: ...

    def __getitem__(self, which: int | slice) -> str | list[str]:
        places = self._places[which] if isinstance(which, slice) else [self._places[which]]
        with journal_text(self._run) as text:
            texts = [_dml_of(text.line_at(place)) for place in places]
        return texts if isinstance(which, slice) else texts[0]


def _dml_of(line: bytes) -> str:
    try:
        entry = entry_of(line)
    except ValueError:
        return ""
    dml = entry.value.get("dml") if isinstance(entry, StageDone) else None
    return dml if isinstance(dml, str) else ""


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing of what is read is garbage, and the collector would go through all of it again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
