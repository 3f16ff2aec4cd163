"""An index of the records: made piece by piece from the files, each byte read once, followed while they grow.

It holds what is filtered, sorted and searched by, and where each record stands in its file. The files are
only ever appended to; one that was replaced (a resume mends the outputs) or cut is noticed, and the index
made
anew. Any number of processes may use one index: a piece is one transaction, which begins with what was seen.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults
from funcdex.rundir.segments import segments
from funcdex.viewer.rows import Rows, draft_key, event_of, review_change, written_key
from funcdex.viewer.schema import is_current, made_anew, opened
from funcdex.viewer.source import Looked

PIECE_S = 0.2
"""How long one transaction takes, about: another that wants to write waits no longer."""
_AT_ONCE = 20
_HEAD_BYTES = 64
_BUFFER_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that is followed; `take` is what becomes of a line: its number, place and bytes."""

    name: str
    path: Path
    take: Callable[[int, int, bytes], bool]


class Index:
    """The index of what is looked at, in the file at `path`. Everything here blocks; from any thread.

    `behind`: there is more to read than has been read.
    """

    def __init__(self, looked: Looked, path: Path) -> None:
        self._looked, self.path = looked, path
        self.behind = True
        self._write = threading.Lock()
        self._opening = threading.Lock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._connection = _writing(path)
        self._rows = Rows(self._connection)
        self._sources = tuple(self._followed())
        self._journal_bytes: dict[Path, int] = {}  # How far each file was read by this process.

    def _followed(self) -> Iterator[_Source]:
        looked, rows = self._looked, self._rows
        # Reviews first: a row is made with what is known of it by hand.
        yield _Source("review", looked.review, lambda _n, _at, line: review_change(rows, line))
        if looked.drafts is not None:
            yield _Source("drafts", looked.drafts, lambda _n, at, line: draft_key(rows, at, line))
        # What is accepted comes after what is rejected, and so first in the list of what is newest.
        if looked.rejected is not None:
            yield _Source(
                "rejected", looked.rejected, lambda n, at, line: rows.record("rejected", n, at, line)
            )
        yield _Source("accepted", looked.accepted, lambda n, at, line: rows.record("accepted", n, at, line))
        if looked.run is not None:
            yield _Source("log", looked.run.log, lambda _n, _at, line: event_of(rows, line))

    def _grow_journal(self) -> bool:
        """Reads a piece of each file of the journal that has grown: there may be thousands, and few grow."""
        more = False
        for part in segments(self._looked.run) if self._looked.run else ():
            path = part.path
            with disk_faults(path, "reading the journal"):
                size = path.stat().st_size
            if self._journal_bytes.get(path) == size:
                continue
            if self._grow(_Source(f"journal/{path.name}", path, partial(self._take_entry, path.name))):
                more = True
            else:
                self._journal_bytes[path] = size
        return more

    def _take_entry(self, file: str, _: int, at: int, line: bytes) -> bool:
        return written_key(self._rows, file, at, line)

    @property
    def reading(self) -> sqlite3.Connection:
        """This thread's connection to read from."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = opened(self.path, to_read=True)
            self._local.connection = connection
            with self._opening:
                self._readers.append(connection)
        return connection

    def grow(self) -> bool:
        """Reads a piece of each file that has grown; whether any of them may have more. Raises
        CheckpointError."""
        self.behind = any([*[self._grow(source) for source in self._sources], self._grow_journal()])
        return self.behind

    def grow_to_the_end(self) -> None:
        """Reads all that is there."""
        while self.grow():
            time.sleep(0)

    def take_reviews(self) -> None:
        """Reads what was decided since."""
        while self._grow(self._sources[0]):
            pass

    def close(self) -> None:
        """Closes every connection; only when no thread reads any more."""
        with self._write:
            for connection in (*self._readers, self._connection):
                connection.close()
            self._readers.clear()

    def _grow(self, source: _Source) -> bool:
        with self._write, disk_faults(source.path, "reading"), self._transaction():
            if not os.path.isfile(source.path):
                return self._begin_anew() if self._seen(source.name) else False
            with source.path.open("rb", _BUFFER_BYTES) as file:
                status, head = os.fstat(file.fileno()), file.read(_HEAD_BYTES)
                seen = self._seen(source.name)
                if seen is not None and _is_another(seen, status, head):
                    return self._begin_anew()
                return self._read_piece(source, file, seen, status.st_ino, head)

    def _read_piece(
        self, source: _Source, file: BinaryIO, seen: sqlite3.Row | None, inode: int, head: bytes
    ) -> bool:
        at, lines, bad = (seen["seen"], seen["lines"], seen["bad"]) if seen else (0, 0, 0)
        file.seek(at)
        until, begun_at, more = time.monotonic() + PIECE_S, at, False
        for count, line in enumerate(file):
            if not line.endswith(b"\n"):
                break  # It is being written; the next time it is whole.
            if count % _AT_ONCE == _AT_ONCE - 1 and time.monotonic() > until:
                more = True
                break
            lines += 1
            if not line.isspace():
                bad += not source.take(lines, at, line)
            at += len(line)
        if at > begun_at or seen is None:
            self._rows.flush()
            kept = seen["head"] if seen and len(seen["head"]) == _HEAD_BYTES else head
            self._connection.execute(
                "INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?)",
                (source.name, inode, kept, at, lines, bad),
            )
        return more

    def _seen(self, name: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT * FROM source WHERE name = ?", (name,)
        ).fetchone()
        return row

    def _begin_anew(self) -> bool:
        for table in (
            "source",
            "conversation",
            "tag",
            "facet",
            "draft",
            "written",
            "review",
            "flow",
            "event",
        ):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
        self._rows.forget()
        self._journal_bytes.clear()
        return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.forget()
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise CheckpointError(
                f"the viewer's index cannot be written: {error}",
                where=str(self.path),
                fix="Make room, or delete the file: it is made anew.",
            ) from error


def _is_another(seen: sqlite3.Row, status: os.stat_result, head: bytes) -> bool:
    """Whether another file lies there than the one that was read, or the same one was cut."""
    known: bytes = seen["head"]
    # What follows the first line's newline may have been blanks by then.
    return status.st_ino != seen["inode"] or status.st_size < seen["seen"] or not head.startswith(known[:32])


def _writing(path: Path) -> sqlite3.Connection:
    try:
        connection = opened(path, to_read=False)
        if not is_current(connection):
            made_anew(connection)
        return connection
    except sqlite3.DatabaseError:
        for tail in ("", "-wal", "-shm"):
            path.with_name(path.name + tail).unlink(missing_ok=True)
        connection = opened(path, to_read=False)
        made_anew(connection)
        return connection
