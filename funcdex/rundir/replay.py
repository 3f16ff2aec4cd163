"""Reading the journal: which entries count, and what they say of each conversation.

A conversation takes its stages in order, so an entry counts only if its stage is the next one. That one
rule covers what can go wrong: an entry behind a damaged line is passed over and its stage is done again,
and of two entries for one stage the first counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from funcdex.rundir.files import disk_faults
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.types.conversation import JsonValue
from funcdex.types.record import (
    STAGES,
    Accepted,
    Entry,
    Rejected,
    Restarted,
    StageDone,
    Usage,
    entry_from_json,
)

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

    `unsettled` holds the entries of each conversation on its way, `settled` the end of the others (their
    `usage` and `detail` left out), `reached` how many stages each of both has behind it. `scenarios` are
    id and scenario in the order of the journal, settled conversations included. `restarts` counts the
    new beginnings of each, `simulated` says whether a simulated endpoint had a part in any. `repeated`
    counts entries for a stage that was done already, `passed_over` those that came before their turn.
    """

    unsettled: dict[str, list[StageDone]] = field(default_factory=dict)
    settled: dict[str, Outcome] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    scenarios: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)
    restarts: Counter[str] = field(default_factory=Counter)
    simulated: bool = False
    repeated: int = 0
    passed_over: int = 0

    def take(self, entry: Entry) -> bool:
        """Whether the entry counts; if so, it is kept."""
        self._add_tokens(entry)
        if isinstance(entry, Restarted):
            self.restarts[entry.id] += 1
            self._forget(entry.id)
        elif entry.id in self.settled:
            self.repeated += 1
            return False
        elif isinstance(entry, StageDone):
            return self._advance(entry)
        elif isinstance(entry, Accepted) and self.reached.get(entry.id, 0) < len(STAGES):
            self.passed_over += 1
            return False
        else:
            self._settle(entry)
        return True

    def _advance(self, entry: StageDone) -> bool:
        reached = self.reached.get(entry.id, 0)
        place = STAGES.index(entry.stage)
        if place != reached:
            self.repeated += place < reached
            self.passed_over += place > reached
            return False
        self.unsettled.setdefault(entry.id, []).append(entry)
        self.reached[entry.id] = reached + 1
        if entry.stage == "scenario" and isinstance(scenario := entry.value.get("scenario"), str):
            self.scenarios[entry.id] = scenario
        return True

    def _settle(self, outcome: Outcome) -> None:
        self.unsettled.pop(outcome.id, None)
        if isinstance(outcome, Rejected):
            outcome = replace(outcome, usage=(), detail="")
        self.settled[outcome.id] = outcome

    def _forget(self, id: str) -> None:
        self.unsettled.pop(id, None)
        self.settled.pop(id, None)
        self.reached.pop(id, None)
        self.scenarios.pop(id, None)

    def _add_tokens(self, entry: Entry) -> None:
        for usage in entry.usage if isinstance(entry, StageDone | Rejected) else ():
            self.simulated |= usage.simulated
            self.tokens[usage.model] = self.tokens.get(usage.model, Tokens()).plus(usage)


@dataclass(frozen=True, slots=True)
class JournalState:
    """What a resume starts from; see `Replay` for the fields they share.

    `damaged` are the numbers, from 1, of lines that are no entry and were passed over. `torn` tells of an
    unfinished last line, which a kill or a power cut may leave and opening the journal cuts off.
    """

    unsettled: Mapping[str, tuple[StageDone, ...]]
    settled: Mapping[str, Outcome]
    reached: Mapping[str, int]
    scenarios: tuple[tuple[str, str], ...]
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
    """Reads the journal line by line and changes nothing; an absent journal is an empty one.

    Memory holds the entries of unsettled conversations, and one scenario for each. Raises CheckpointError.
    """
    replay = Replay()
    damaged: list[Damaged] = []
    for item in journal_items(run):
        if isinstance(item, Damaged):
            damaged.append(item)
        else:
            replay.take(item)
    return JournalState(
        unsettled={id: tuple(entries) for id, entries in replay.unsettled.items()},
        settled=replay.settled,
        reached=replay.reached,
        scenarios=tuple(replay.scenarios.items()),
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
    with disk_faults(run.journal, "reading the journal", "Repair the disk or restore the run directory."):
        if not run.journal.exists():
            return
        with run.journal.open("rb") as file:
            line, number = file.readline(), 1
            while line:
                following = file.readline()
                yield _item(line, number, last=not following)
                line, number = following, number + 1


def _item(line: bytes, number: int, *, last: bool) -> Entry | Damaged:
    try:
        value: JsonValue = from_line(line)
    except ValueError:
        return Damaged(number, torn=last)
    return entry_of(value) or Damaged(number, torn=False)


def entry_of(value: JsonValue) -> Entry | None:
    """The entry that a line of the journal holds; None if it is none."""
    try:
        return entry_from_json(value) if isinstance(value, dict) else None
    except (ValueError, KeyError, TypeError):
        return None
