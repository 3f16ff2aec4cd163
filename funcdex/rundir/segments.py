"""The journal as one sequence of lines, in however many files it was written.

| file of `journal/` | written by |
| --- | --- |
| `000001.jsonl` | one process, session after session |
| `000002-0007-001.jsonl` | the first owner of range 7, in session 2, which many actors shared |
| `000002-0007-001.sealed` | whoever took over: so many bytes of that file count, and no more ever will |
| `000003.jsonl` | one process again, after session 2 |

Files are read in the order of their names. Who goes on after others, be it the next owner of a range or the
next session, first seals what they wrote. An owner that was thought dead and still writes (on a node that
could not be reached, say) does so behind the seal, where nobody reads: so no lock has to be trusted, which a
file server may keep for minutes after its holder is gone. A seal is made once, by whoever is first. What a
range of an earlier session wrote without ever being sealed does not count at all: its file was made after
that session was over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from funcdex.errors import CheckpointError
from funcdex.rundir.files import LINES_BUFFER_BYTES, disk_faults, make_folder, replace_file, sync_folder
from funcdex.rundir.layout import RunDir
from funcdex.rundir.linefile import LineFile, whole_bytes

_NAME = re.compile(r"(\d{6})(?:-(\d{4})-(\d{3}))?\.jsonl")
_SESSION_FILE = "session"
_REPAIR = "Repair the disk or restore the run directory."


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the journal. `limit` is how many of its bytes count; None: all. `epoch` numbers the owners
    of a range, from 1; a file of one process has neither range nor epoch."""

    path: Path
    session: int
    range: int | None = None
    epoch: int | None = None
    limit: int | None = None

    @property
    def counted_bytes(self) -> int:
        """How many of its bytes count now. Raises OSError."""
        size = self.path.stat().st_size
        return size if self.limit is None else min(size, self.limit)

    def lines(self) -> Iterator[bytes]:
        """Its lines, as far as they count; the last one may lack its newline. Raises OSError."""
        left = self.counted_bytes if self.limit is not None else None
        with self.path.open("rb", LINES_BUFFER_BYTES) as file:
            for line in file:
                if left is None:
                    yield line
                    continue
                if left <= 0:
                    return
                yield line[:left]
                left -= len(line)


def segments(run: RunDir) -> tuple[Segment, ...]:
    """The files of the journal, in order. Raises CheckpointError."""
    with _faults(run):
        current = current_session(run)
        found = sorted(filter(None, map(_named, _entries(run))), key=lambda one: one.path.name)
        return tuple(replace(one, limit=_limit_of(one, current)) for one in found)


def current_session(run: RunDir) -> int:
    """The number of the latest session that had a number of its own; 1 where none had. Raises OSError."""
    try:
        return int(_session_file(run).read_text("ascii"))
    except FileNotFoundError:
        return 1
    except ValueError as error:
        raise CheckpointError(
            "the number of the session cannot be read",
            where=str(_session_file(run)),
            fix="Put the highest number there that a file of the journal begins with.",
        ) from error


def shut_out_earlier(run: RunDir) -> None:
    """Nothing that is still written for an earlier session counts from now on. The run's lock must be held;
    to be done before the journal is read. Raises CheckpointError."""
    if any(one.range is not None for one in segments(run)):
        begin_ranges(run)


def begin_ranges(run: RunDir) -> int:
    """Begins a session whose journal is written range by range; its number. The run's lock must be held.

    Whoever still writes for an earlier session is shut out. Raises CheckpointError."""
    _seal_all(run)
    with _faults(run):
        session = max([current_session(run), *(one.session for one in segments(run))]) + 1
        _set_session(run, session)
        return session


def file_of_one_process(run: RunDir) -> Path:
    """Where a session of one process appends. The run's lock must be held. Raises CheckpointError."""
    there = segments(run)
    if not there:
        return run.journal
    if there[-1].range is None:
        return there[-1].path
    session = begin_ranges(run)
    return run.journal.parent / f"{session:06d}.jsonl"


def take_over(run: RunDir, session: int, range: int) -> Segment:
    """The file of the next owner of a range, made now; what earlier owners wrote is sealed by then.

    Raises CheckpointError, also if another owner is faster, or the session is over."""
    with _faults(run):
        folder = run.journal.parent
        make_folder(folder)
        earlier = [
            one for one in map(_named, _entries(run)) if one and (one.session, one.range) == (session, range)
        ]
        for one in earlier:
            _seal(one)
        epoch = 1 + max((one.epoch or 0 for one in earlier), default=0)
        made = Segment(folder / f"{session:06d}-{range:04d}-{epoch:03d}.jsonl", session, range, epoch)
        if is_fenced(run, made):
            raise taken_over(made)
        try:
            os.close(os.open(made.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        except FileExistsError as error:
            raise taken_over(made) from error
        sync_folder(folder)
        return made


def is_fenced(run: RunDir, own: Segment) -> bool:
    """Whether what the owner of this file writes counts no more. Raises OSError."""
    return os.path.exists(_seal_of(own.path)) or current_session(run) != own.session


def taken_over(own: Segment) -> CheckpointError:
    """What an owner is told that is none any more."""
    return CheckpointError(
        "another process has taken over this range of the run",
        where=str(own.path),
        fix="Nothing is lost: the other one goes on from what was acknowledged.",
    )


class FencedFile(LineFile):
    """The journal of the owner of a range, which appends only for as long as it is the owner."""

    __slots__ = ("_own", "_run")

    def __init__(self, run: RunDir, own: Segment) -> None:
        super().__init__(own.path)
        self._run, self._own = run, own

    def sync(self) -> None:
        """See `LineFile.sync`. What was sealed off is not acknowledged: raises CheckpointError if the range
        has another owner by now."""
        super().sync()
        if is_fenced(self._run, self._own):
            raise taken_over(self._own)


class JournalText:
    """Lines by their place: the offset in all that counts of all files, one after the other. Files that are
    sealed or not the last may not grow while places are in use."""

    def __init__(self, parts: Sequence[Segment]) -> None:
        self._parts = [part for part in parts if part.limit != 0]
        self._files: list[BinaryIO | None] = [None] * len(self._parts)
        self._starts: list[int] = []
        at = 0
        for part in self._parts:
            self._starts.append(at)
            at += part.counted_bytes

    def lines(self) -> Iterator[tuple[int, bytes, bool]]:
        """Place and line, and whether it is the last of its file."""
        for start, part in zip(self._starts, self._parts, strict=True):
            at, before = start, b""
            for line in part.lines():
                if before:
                    yield at, before, False
                    at += len(before)
                before = line
            if before:
                yield at, before, True

    def line_at(self, place: int) -> bytes:
        """The line that stands there."""
        number = max((n for n, start in enumerate(self._starts) if start <= place), default=None)
        if number is None:
            return b""
        part = self._parts[number]
        file = self._files[number] = self._files[number] or part.path.open("rb")
        local = place - self._starts[number]
        file.seek(local)
        line = file.readline()
        return line if part.limit is None else line[: part.limit - local]

    def close(self) -> None:
        """Closes the files."""
        for file in self._files:
            if file is not None:
                file.close()


@contextmanager
def journal_text(run: RunDir, parts: Sequence[Segment] | None = None) -> Iterator[JournalText]:
    """The text of a run's journal, or of some files of it. Raises CheckpointError."""
    parts = segments(run) if parts is None else parts
    with disk_faults(run.journal, "reading the journal", _REPAIR):
        text = JournalText(parts)
        try:
            yield text
        finally:
            text.close()


def _seal_all(run: RunDir) -> None:
    with _faults(run):
        current = current_session(run)
        for one in map(_named, _entries(run)):
            if one and one.range is not None and one.session == current:
                _seal(one)


def _seal(one: Segment) -> None:
    """From now on no more of the file counts than now; nothing changes for one that is sealed already."""
    seal = _seal_of(one.path)
    if os.path.exists(seal):
        return
    temporary = seal.with_name(f".{seal.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with temporary.open("wb") as file:
        file.write(b"%d\n" % whole_bytes(one.path))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, seal)  # Fails where there is one: of two that seal at once the first decides.
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    sync_folder(seal.parent)


def _limit_of(one: Segment, current: int) -> int | None:
    if one.range is None:
        return None
    try:
        return int(_seal_of(one.path).read_bytes())
    except FileNotFoundError:
        return None if one.session == current else 0


def _seal_of(path: Path) -> Path:
    return path.with_suffix(".sealed")


def _session_file(run: RunDir) -> Path:
    return run.journal.parent / _SESSION_FILE


def _set_session(run: RunDir, session: int) -> None:
    replace_file(_session_file(run), b"%d\n" % session)


def _entries(run: RunDir) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(run.journal.parent)]
    except FileNotFoundError:
        return []


def _named(path: Path) -> Segment | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    session, range, epoch = (int(part) if part else None for part in match.groups())
    assert session is not None
    return Segment(path, session, range, epoch)


@contextmanager
def _faults(run: RunDir) -> Iterator[None]:
    with disk_faults(
        run.journal.parent, "reading the journal", "Repair the disk or restore the run directory."
    ):
        yield
