"""Reading the journal: what a resume starts from, and entries by their place."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import overload

from funcdex.rundir.jsonlines import is_json
from funcdex.rundir.layout import RunDir
from funcdex.rundir.replay import Outcome, Replay, Tokens
from funcdex.rundir.segments import Segment, journal_text
from funcdex.types.entry_json import entry_of
from funcdex.types.record import Entry, Rejected, StageDone, TurnDone


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
