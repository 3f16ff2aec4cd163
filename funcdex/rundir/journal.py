"""The journal: what is done, in the order in which it became durable.

Many tasks append, one writes. While it waits for the disk, what others append gathers in a batch, and all
of that shares the next write and the next fsync: the more tasks, the fewer fsyncs for each. What is durable
goes on to a second writer, that of the outputs. A record is acknowledged (`append` returns) when its journal
entry is durable and its lines, if it has any, stand in the readable outputs. Outputs are not synced: after a
power cut they are mended from the journal (`outputs.reconcile`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVarTuple

import anyio
import anyio.lowlevel

from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults, make_folder, sync_folder
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.linefile import LineFile
from funcdex.rundir.segments import FencedFile, Segment, file_of_one_process
from funcdex.types.entry_json import entry_line
from funcdex.types.record import Entry, Line, OutputName

Arguments = TypeVarTuple("Arguments")

MAX_WRITE_BYTES = 4 << 20
"""A write that has so many takes no more batches."""
MAX_BATCH_BYTES, MAX_BATCH_ENTRIES = 1 << 20, 32
"""A batch that has so many takes no more. Its tasks go on in one turn of the event loop, which a thousand of
them would hold for most of a second."""


@dataclass(slots=True, eq=False)
class _Step:
    """What is waited for; `done` once it is `over`, unless it failed."""

    over: anyio.Event = field(default_factory=anyio.Event)
    done: bool = False


@dataclass(slots=True, eq=False)
class _Batch:
    """Appends that are acknowledged together."""

    entries: list[bytes] = field(default_factory=list)
    lines: dict[OutputName, list[bytes]] = field(default_factory=dict)
    size_bytes: int = 0
    in_journal: _Step = field(default_factory=_Step)
    in_outputs: _Step = field(default_factory=_Step)

    @property
    def has_room(self) -> bool:
        """Whether it takes one more append."""
        return self.size_bytes < MAX_BATCH_BYTES and len(self.entries) < MAX_BATCH_ENTRIES

    def add(self, entries: Iterable[bytes], lines: Iterable[tuple[OutputName, bytes]]) -> None:
        """One append."""
        for entry in entries:
            self.entries.append(entry)
            self.size_bytes += len(entry)
        for name, line in lines:
            self.lines.setdefault(name, []).append(line)
            self.size_bytes += len(line)


class _Queue:
    """Batches on their way to one writer."""

    def __init__(self) -> None:
        self.batches: deque[_Batch] = deque()
        self.closed = False
        self._called = anyio.Event()

    def put(self, batch: _Batch) -> None:
        """The last one there may be put again: it has grown."""
        if not self.batches or self.batches[-1] is not batch:
            self.batches.append(batch)
        self._called.set()

    def last(self) -> _Batch:
        """The one to add to: a new one, where there is none that takes more."""
        if self.batches and self.batches[-1].has_room:
            return self.batches[-1]
        return _Batch()

    def close(self) -> None:
        """Nothing comes any more."""
        self.closed = True
        self._called.set()

    async def next(self) -> list[_Batch]:
        """What is to be written next, once there is something; empty if nothing will be."""
        while not self.batches and not self.closed:
            self._called = anyio.Event()
            await self._called.wait()
        taken: list[_Batch] = []
        room = MAX_WRITE_BYTES
        while self.batches and room > 0:
            taken.append(self.batches.popleft())
            room -= taken[-1].size_bytes
        return taken


Lines = Mapping[OutputName, Sequence[bytes]]


class Outputs(Protocol):
    """Where lines for the readable outputs go."""

    def write(self, lines: Sequence[Lines]) -> None:
        """Takes them, in order. Blocks. Raises CheckpointError."""


class OutputFiles:
    """The readable outputs of a run, open for appending."""

    def __init__(self, run: RunDir, closing: ExitStack) -> None:
        """They are closed by `closing`. Raises CheckpointError."""
        with _opening(run):
            self._files = {name: closing.enter_context(LineFile(run.output(name))) for name in OUTPUTS}
            sync_folder(run.path)

    def write(self, lines: Sequence[Lines]) -> None:
        """See `Outputs.write`."""
        for name, file in self._files.items():
            if data := b"".join(line for each in lines for line in each.get(name, ())):
                with disk_faults(file.path, "writing an output"):
                    file.append(data)


class Journal:
    """Made by `open_journal`."""

    def __init__(self, file: LineFile, open_outputs: Callable[[], Outputs]) -> None:
        """`open_outputs` may take long: only lines wait for it."""
        self._file = file
        self._open_outputs = open_outputs
        self._outputs: Outputs | None = None
        self._fault: CheckpointError | None = None
        # Who appends waits for the writers, so memory is bounded by the number of tasks.
        self._to_journal, self._to_outputs = _Queue(), _Queue()
        self._a_thread_each = anyio.CapacityLimiter(2)

    @property
    def mended_bytes(self) -> int:
        """Length of the torn last line that was cut off when the journal was opened; 0 if there was none."""
        return self._file.mended_bytes

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        """Returns when the entries are durable; they and the lines keep their order.

        Also finishes what it began when it is cancelled. Raises CheckpointError when the disk fails, now
        and at every later call: after a fault the journal stays closed.
        """
        told = [entry_line(entry) for entry in entries]
        of_outputs = [(name, as_line(record)) for name, record in lines]
        if self._fault or self._to_journal.closed:
            raise self._broken() from self._fault
        batch = self._to_journal.last()
        batch.add(told, of_outputs)
        self._to_journal.put(batch)
        awaited = batch.in_outputs if of_outputs else batch.in_journal
        with anyio.CancelScope(shield=True):
            await awaited.over.wait()
        if not awaited.done:
            raise self._broken() from self._fault

    async def write_until_closed(self) -> None:
        """The two writers. They end when the journal is closed and all is written."""
        with anyio.CancelScope(shield=True):
            try:
                async with anyio.create_task_group() as writers:
                    writers.start_soon(self._write_entries)
                    writers.start_soon(self._write_lines)
            finally:
                self._to_journal.close()
                for batch in (*self._to_journal.batches, *self._to_outputs.batches):
                    batch.in_journal.over.set()
                    batch.in_outputs.over.set()

    def close(self) -> None:
        """Takes no more appends; those that wait are finished."""
        self._to_journal.close()

    async def _write_entries(self) -> None:
        try:
            while batches := await self._to_journal.next():
                steps = [batch.in_journal for batch in batches]
                try:
                    await self._do(
                        steps, _append_entries, self._file, [one for each in batches for one in each.entries]
                    )
                finally:  # Who waits for lines is told also of a failure by their writer.
                    for batch in batches:
                        if batch.lines:
                            self._to_outputs.put(batch)
        finally:
            self._to_outputs.close()

    async def _write_lines(self) -> None:
        await self._do([], self._open)
        while batches := await self._to_outputs.next():
            steps = [batch.in_outputs for batch in batches]
            await self._do(steps, self._append_lines, [batch.lines for batch in batches])

    def _open(self) -> None:
        self._outputs = self._open_outputs()

    def _append_lines(self, lines: Sequence[Lines]) -> None:
        assert self._outputs is not None  # Nothing is done after opening them has failed.
        self._outputs.write(lines)

    async def _do(
        self, steps: Sequence[_Step], function: Callable[[*Arguments], None], *arguments: *Arguments
    ) -> None:
        """Does it in a thread, unless something failed before."""
        done = False
        try:
            if self._fault is None:
                await anyio.to_thread.run_sync(function, *arguments, limiter=self._a_thread_each)
                done = True
        except CheckpointError as fault:
            self._fault = fault
        finally:
            for step in steps:
                step.done = done
                step.over.set()
                await anyio.lowlevel.checkpoint()  # Their tasks run in a turn of the loop for each step.

    def _broken(self) -> CheckpointError:
        # One exception for each task that learns of it: a shared one would collect their tracebacks.
        if self._fault:
            return CheckpointError(self._fault.what, where=self._fault.where, fix=self._fault.fix)
        where = str(self._file.path)
        return CheckpointError("the journal's writer has ended", where=where, fix="Resume the run.")


@asynccontextmanager
async def open_journal(run: RunDir, first: Callable[[], object] | None = None) -> AsyncIterator[Journal]:
    """Opens journal and outputs for appending, torn last lines cut off. The run's lock must be held.

    `first` is done before the outputs are opened, in a thread, while the block has begun: until then appends
    with lines wait, and what goes wrong is theirs. Leaving the block waits until all that was appended is
    durable. Raises CheckpointError.
    """
    with ExitStack() as closing:
        file = await anyio.to_thread.run_sync(_open_journal, run, closing)
        open_outputs: Callable[[], Outputs] = partial(_open_outputs, run, closing, first)
        if first is None:
            # What goes wrong is to be said before the block begins.
            outputs = await anyio.to_thread.run_sync(open_outputs)
            open_outputs = partial(_the_same, outputs)
        async with writing(Journal(file, open_outputs)) as journal:
            yield journal


@asynccontextmanager
async def open_range(run: RunDir, own: Segment, outputs: Outputs) -> AsyncIterator[Journal]:
    """The same of a journal that has a range alone (`segments.take_over`), whose lines go to `outputs`."""
    with ExitStack() as closing:
        with _opening(run):
            file = closing.enter_context(FencedFile(run, own))
        async with writing(Journal(file, partial(_the_same, outputs))) as journal:
            yield journal


@asynccontextmanager
async def writing(journal: Journal) -> AsyncIterator[Journal]:
    """The writers of a journal are at work as long as the block, and until all is durable."""
    failure: BaseException | None = None
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
    lines = b"".join(entry_line(entry) for entry in entries)
    with disk_faults(run.journal, "writing the journal"), _journal_file(run) as file:
        file.append(lines)
        file.sync()


def _open_journal(run: RunDir, closing: ExitStack) -> LineFile:
    with _opening(run):
        return closing.enter_context(_journal_file(run))


def _open_outputs(run: RunDir, closing: ExitStack, first: Callable[[], object] | None) -> Outputs:
    if first is not None:
        first()
    return OutputFiles(run, closing)


def _the_same(outputs: Outputs) -> Outputs:
    return outputs


def _opening(run: RunDir) -> AbstractContextManager[None]:
    return disk_faults(run.path, "opening the run directory", "Check that it can be written.")


def _journal_file(run: RunDir) -> LineFile:
    make_folder(run.journal.parent)
    file = LineFile(file_of_one_process(run))
    sync_folder(run.journal.parent)
    return file


def _append_entries(file: LineFile, entries: Sequence[bytes]) -> None:
    """Blocks until they are durable."""
    with disk_faults(file.path, "writing the journal"):
        file.append(b"".join(entries))
        file.sync()
