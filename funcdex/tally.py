"""Counts what goes into the journal in one session: tokens, pace, and a line of the log for each end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from funcdex.pipeline import Journal
from funcdex.rundir.log import EventLog
from funcdex.rundir.pace import Pace
from funcdex.rundir.replay import Tokens
from funcdex.types.record import Accepted, Entry, Line, Rejected, StageDone


@dataclass(slots=True)
class Tally:
    """`tokens` are those paid for, by model: give it those of earlier sessions to begin with."""

    log: EventLog
    tokens: dict[str, Tokens]
    clock: Callable[[], float] = time.monotonic
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.clock())

    def over(self, journal: Journal) -> Journal:
        """The same journal; what it acknowledges is counted, and the pace begins now."""
        self.pace = Pace(self.clock())
        return _Counted(journal, self)

    def count(self, entry: Entry) -> None:
        """One entry that is durable."""
        if isinstance(entry, StageDone | Rejected):
            for usage in entry.usage:
                self.tokens[usage.model] = self.tokens.get(usage.model, Tokens()).plus(usage)
        if isinstance(entry, Accepted):
            self._settled("accepted", {"conversation_id": entry.id})
        elif isinstance(entry, Rejected):
            self._settled(
                "rejected",
                {
                    "conversation_id": entry.id,
                    "fault": entry.reason,
                    "stage": entry.stage,
                    "detail": entry.detail,
                },
            )

    def _settled(self, event: str, fields: dict[str, str]) -> None:
        self.pace.settled(self.clock())
        self.log.write(event, fields)


@dataclass(frozen=True, slots=True)
class _Counted:
    journal: Journal
    tally: Tally

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        await self.journal.append(entries, lines)
        for entry in entries:
            self.tally.count(entry)
