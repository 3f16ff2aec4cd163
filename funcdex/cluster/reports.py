"""What a range tells the driver: lines for the outputs, events for the log, and how it stands."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from funcdex.errors import (
    CheckpointError,
    ClusterError,
    ConfigError,
    DedupError,
    FuncdexError,
    NoEndpointAvailable,
)
from funcdex.rundir.journal import Lines
from funcdex.rundir.jsonlines import Record
from funcdex.snapshot import RunSnapshot

MOST_BYTES = 64 << 20
"""Of lines that the driver has not fetched; then who writes waits."""

Event = tuple[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is fetched at once. `number` counts from 1."""

    number: int = 0
    lines: tuple[Lines, ...] = ()
    events: tuple[Event, ...] = ()
    said: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines or self.events or self.said)


@dataclass(frozen=True, slots=True)
class RangeReport:
    """One look at a range. `life` names the process that works on it, "" if it does not yet. `snapshot` is
    None until its pipeline has begun."""

    life: str
    batch: Batch
    snapshot: RunSnapshot | None = None


@dataclass(frozen=True, slots=True)
class RangeDone:
    """How the work on a range ended: all that has been settled of it, and why it stopped before the end.

    `epoch` numbers its owners in this session, from 1; 0 if it did not come to own anything."""

    accepted: int
    rejected: Mapping[str, int]
    simulated: bool
    epoch: int
    fault: tuple[str, str, str, str] | None = None


@dataclass(slots=True)
class Shipment:
    """Gathers what is to be told, from any thread, until it is fetched. It is the journal's `Outputs` and the
    work's `EventLog`."""

    _lines: list[Lines] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _said: list[str] = field(default_factory=list)
    _waiting_bytes: int = 0
    _last: Batch = field(default_factory=Batch)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def put_lines(self, lines: Sequence[Lines]) -> None:
        """Blocks while too much waits."""
        size = sum(len(line) for each in lines for named in each.values() for line in named)
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_bytes < MOST_BYTES)
            self._lines += lines
            self._waiting_bytes += size

    def put_event(self, event: str, fields: Record | None = None) -> None:
        """One event of the log."""
        with self._changed:
            self._events.append((event, dict(fields or {})))

    def say(self, text: str) -> None:
        """For the user."""
        with self._changed:
            self._said.append(text)

    def fetch(self, got: int) -> Batch:
        """What came since the batch of number `got`; the same once more if that was not the last one, because
        an answer may be lost on its way."""
        with self._changed:
            if got == self._last.number:
                told = tuple(self._lines), tuple(self._events), tuple(self._said)
                self._last = Batch(got + 1, *told)
                self._lines, self._events, self._said, self._waiting_bytes = [], [], [], 0
                self._changed.notify_all()
            return self._last


@dataclass(frozen=True, slots=True)
class ToOutputs:
    """The lines' side of a shipment."""

    shipment: Shipment

    def write(self, lines: Sequence[Lines]) -> None:
        """See `Outputs.write`."""
        self.shipment.put_lines(lines)


@dataclass(frozen=True, slots=True)
class ToLog:
    """The events' side of a shipment."""

    shipment: Shipment

    def write(self, event: str, fields: Record | None = None) -> None:
        """See `EventLog.write`."""
        self.shipment.put_event(event, fields)


_TOLD = {kind.__name__: kind for kind in (CheckpointError, ConfigError, DedupError, NoEndpointAvailable)}


def told_fault(fault: FuncdexError) -> tuple[str, str, str, str]:
    """A fault as it crosses to another process."""
    return type(fault).__name__, fault.what, fault.where, fault.fix


def fault_of(told: tuple[str, str, str, str]) -> FuncdexError:
    """The fault again; of a class that exit codes know, else a ClusterError."""
    name, what, where, fix = told
    return _TOLD.get(name, ClusterError)(what, where=where, fix=fix)
