"""The journal: what is done, in the order in which it became durable.

Many tasks append, one writes. While it waits for the disk, what others append gathers in a batch, and all
of that shares the next write and the next fsync: the more tasks, the fewer fsyncs for each. A record is
acknowledged (`append` returns) when its journal entry is durable and its lines stand in the readable
outputs. Outputs are not synced: after a power cut they are mended from the journal (`outputs.reconcile`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio

from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults, make_folder, sync_folder
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.linefile import LineFile
from funcdex.types.record import Entry, Line, OutputName, entry_as_json

MAX_BATCH_BYTES = 4 << 20
"""A batch that has so many bytes takes no more."""


@dataclass(slots=True, eq=False)
class _Batch:
    """Appends that reach the disk together; who made one waits until it is `over`."""

    entries: list[bytes] = field(default_factory=list)
    lines: dict[OutputName, list[bytes]] = field(default_factory=dict)
    size_bytes: int = 0
    over: anyio.Event = field(default_factory=anyio.Event)
    durable: bool = False

    def add(self, entries: Iterable[bytes], lines: Iterable[tuple[OutputName, bytes]]) -> None:
        """One append."""
        for entry in entries:
            self.entries.append(entry)
            self.size_bytes += len(entry)
        for name, line in lines:
            self.lines.setdefault(name, []).append(line)
            self.size_bytes += len(line)


@dataclass(frozen=True, slots=True)
class _Files:
    journal: LineFile
    outputs: dict[OutputName, LineFile]

    def write(self, batch: _Batch) -> None:
        """Blocks until the batch is durable in the journal and stands in the outputs."""
        with disk_faults(self.journal.path, "writing the journal"):
            self.journal.append(b"".join(batch.entries))
            self.journal.sync()
        for name, lines in batch.lines.items():
            with disk_faults(self.outputs[name].path, "writing an output"):
                self.outputs[name].append(b"".join(lines))


class Journal:
    """Made by `open_journal`."""

    def __init__(self, path: Path, open_files: Callable[[], _Files], files: _Files | None) -> None:
        """`open_files` is called by the writer if there are no `files` yet."""
        self._path = path
        self._open_files = open_files
        self._files = files
        self._fault: CheckpointError | None = None
        # Who appends waits for the writer, so memory is bounded by the number of tasks.
        self._batches: deque[_Batch] = deque()
        self._called = anyio.Event()
        self._closed = self._over = False
        self._one_thread = anyio.CapacityLimiter(1)

    @property
    def mended_bytes(self) -> int:
        """Length of the torn last line that was cut off when the journal was opened; 0 if there was none."""
        return self._files.journal.mended_bytes if self._files else 0

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        """Returns when the entries are durable; they and the lines keep their order.

        Also finishes what it began when it is cancelled. Raises CheckpointError when the disk fails, now
        and at every later call: after a fault the journal stays closed.
        """
        told = [as_line(entry_as_json(entry)) for entry in entries]
        of_outputs = [(name, as_line(record)) for name, record in lines]
        if self._over or self._closed:
            raise self._broken() from self._fault
        if not self._batches or self._batches[-1].size_bytes >= MAX_BATCH_BYTES:
            self._batches.append(_Batch())
        batch = self._batches[-1]
        batch.add(told, of_outputs)
        self._called.set()
        with anyio.CancelScope(shield=True):
            await batch.over.wait()
        if not batch.durable:
            raise self._broken() from self._fault

    async def write_until_closed(self) -> None:
        """The one writer. Ends when the journal is closed and all is written, or at a fault."""
        with anyio.CancelScope(shield=True):
            try:
                files = await self._opened()
                while (batch := await self._next()) is not None:
                    await self._write(files, batch)
            except CheckpointError as fault:
                self._fault = fault
            finally:
                self._over = True
                for batch in self._batches:
                    batch.over.set()

    def close(self) -> None:
        """Takes no more appends; those that wait are finished."""
        self._closed = True
        self._called.set()

    async def _opened(self) -> _Files:
        if self._files is None:
            self._files = await anyio.to_thread.run_sync(self._open_files)
        return self._files

    async def _next(self) -> _Batch | None:
        """What is to be written next, once there is something; None if nothing will be."""
        while not self._batches and not self._closed:
            self._called = anyio.Event()
            await self._called.wait()
        return self._batches.popleft() if self._batches else None

    async def _write(self, files: _Files, batch: _Batch) -> None:
        try:
            await anyio.to_thread.run_sync(files.write, batch, limiter=self._one_thread)
            batch.durable = True
        finally:
            batch.over.set()

    def _broken(self) -> CheckpointError:
        # One exception for each task that learns of it: a shared one would collect their tracebacks.
        if self._fault:
            return CheckpointError(self._fault.what, where=self._fault.where, fix=self._fault.fix)
        return CheckpointError("the journal's writer has ended", where=str(self._path), fix="Resume the run.")


@asynccontextmanager
async def open_journal(run: RunDir, first: Callable[[], object] | None = None) -> AsyncIterator[Journal]:
    """Opens journal and outputs for appending, torn last lines cut off. The run's lock must be held.

    `first` is done before that, in a thread, while the block has begun: until then appends wait, and what
    goes wrong is theirs. Leaving the block waits until all that was appended is durable. Raises
    CheckpointError.
    """
    failure: BaseException | None = None
    with ExitStack() as closing:
        opening = partial(_open_files, run, closing, first)
        files = None if first else await anyio.to_thread.run_sync(opening)
        journal = Journal(run.journal, opening, files)
        try:
            async with anyio.create_task_group() as writer:
                writer.start_soon(journal.write_until_closed)
                try:
                    yield journal
                finally:
                    journal.close()
        except BaseExceptionGroup as group:
            # The block's own exception, which the task group has wrapped. Not raised in here, where it
            # would get the group as its context.
            failure = group.exceptions[0] if len(group.exceptions) == 1 else group
    if failure is not None:
        raise failure


def append_entries(run: RunDir, entries: Iterable[Entry]) -> None:
    """Appends durably while no journal is open, before the work of a run begins. Blocks.

    Raises CheckpointError.
    """
    lines = b"".join(as_line(entry_as_json(entry)) for entry in entries)
    with disk_faults(run.journal, "writing the journal"), _journal_file(run) as file:
        file.append(lines)
        file.sync()


def _open_files(run: RunDir, closing: ExitStack, first: Callable[[], object] | None) -> _Files:
    if first is not None:
        first()
    with disk_faults(run.path, "opening the run directory", "Check that it can be written."):
        journal = closing.enter_context(_journal_file(run))
        outputs = {name: closing.enter_context(LineFile(run.output(name))) for name in OUTPUTS}
        sync_folder(run.path)
    return _Files(journal, outputs)


def _journal_file(run: RunDir) -> LineFile:
    make_folder(run.journal.parent)
    file = LineFile(run.journal)
    sync_folder(run.journal.parent)
    return file
