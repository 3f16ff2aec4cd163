"""The run's log: what happened, one JSON object a line, for people who want to know why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from funcdex.printable import printable_json
from funcdex.rundir.files import disk_faults, make_folder
from funcdex.rundir.jsonlines import Record, as_line
from funcdex.rundir.linefile import LineFile

_ALWAYS_THERE: Record = {"endpoint": None, "conversation_id": None, "fault": None}


def _now() -> datetime:
    return datetime.now(UTC)


class EventLog(Protocol):
    """Where events are told."""

    def write(self, event: str, fields: Record | None = None) -> None:
        """See `RunLog.write`."""


class RunLog:
    """Appends events to the log at `path`; to be used from any thread.

    Secrets must not be in what is written here: the log hides nothing. A log that cannot be written stops
    and keeps why in `fault`; it never stops a run.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = _now) -> None:
        with disk_faults(path, "opening the log"):
            make_folder(path.parent)
            self._file = LineFile(path)
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self.fault: OSError | None = None

    def write(self, event: str, fields: Record | None = None) -> None:
        """Adds one line: `at` in UTC, `event`, then `endpoint`, `conversation_id` and `fault`, null where the
        fields do not have them, then the rest of the fields. TypeError for what is not JSON.

        What stands in it for each event: docs/run-directory.md."""
        at = self._clock().isoformat(timespec="milliseconds")
        line = printable_json(as_line({"at": at, "event": event, **_ALWAYS_THERE, **(fields or {})}))
        with self._one_at_a_time:
            if self.fault is None:
                self._append(line)

    def close(self) -> None:
        """Closes the file."""
        with self._one_at_a_time:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, line: bytes) -> None:
        try:
            self._file.append(line)
        except OSError as fault:
            self.fault = fault
