from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import append_entries, open_journal
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.outputs import Reconciled, reconcile
from funcdex.rundir.reading import read_journal
from funcdex.types.record import STAGES, Accepted, Rejected, StageDone
from resume.histories import accepted, begun_run, lines_of, records, rejected, stages_of, steps_of


class Fsyncs:
    """Counts fsyncs; `gate` closed holds them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.gate = threading.Event()
        self.gate.set()
        self._real = os.fsync
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _fsync(self, descriptor: int) -> None:
        self.count += 1
        assert self.gate.wait(10)
        self._real(descriptor)


@pytest.fixture
def fsyncs(monkeypatch: pytest.MonkeyPatch) -> Fsyncs:
    return Fsyncs(monkeypatch)


async def test_what_was_appended_is_read_and_stands_in_the_outputs(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    async with open_journal(run) as journal:
        for entry, lines in steps_of("a", accepted("a")):
            await journal.append([entry], lines)
        assert read_journal(run).settled == {"a": Accepted("a")}
        assert [record["id"] for record in records(run.output("accepted_conversations"))] == ["a"]
    state = read_journal(run)
    assert (state.damaged, state.torn, state.repeated, state.passed_over) == ((), False, 0, 0)
    assert records(run.output("rejected")) == []


async def test_the_outputs_exist_from_the_start(tmp_path: Path) -> None:
    async with open_journal(RunDir(tmp_path)):
        assert all(RunDir(tmp_path).output(name).exists() for name in OUTPUTS)


async def test_appends_that_wait_share_one_fsync(tmp_path: Path, fsyncs: Fsyncs) -> None:
    async with open_journal(RunDir(tmp_path)) as journal:
        opened = fsyncs.count
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(journal.append, stages_of(f"c{number}", 1))
        assert fsyncs.count - opened < 20
    assert len(read_journal(RunDir(tmp_path)).unsettled) == 200


async def test_an_append_is_not_acknowledged_before_it_is_durable(tmp_path: Path, fsyncs: Fsyncs) -> None:
    acknowledged = anyio.Event()

    async with open_journal(RunDir(tmp_path)) as journal, anyio.create_task_group() as tasks:

        async def append() -> None:
            await journal.append(stages_of("a", 1))
            acknowledged.set()

        fsyncs.gate.clear()
        before = fsyncs.count
        tasks.start_soon(append)
        with anyio.fail_after(10):
            while fsyncs.count == before:
                await anyio.lowlevel.checkpoint()
        assert not acknowledged.is_set()
        fsyncs.gate.set()
        with anyio.fail_after(10):
            await acknowledged.wait()


async def test_each_conversation_keeps_its_order(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    async with open_journal(run) as journal:

        async def carry(id: str) -> None:
            for entry, lines in steps_of(id, stages_of(id)):
                await journal.append([entry], lines)

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(carry, f"c{number}")
    state = read_journal(run)
    assert (state.repeated, state.passed_over) == (0, 0)
    assert set(state.reached.values()) == {len(STAGES)}
    assert len(records(run.output("scored_conversations"))) == 50


async def test_an_append_that_is_cancelled_is_finished_all_the_same(tmp_path: Path, fsyncs: Fsyncs) -> None:
    run = RunDir(tmp_path)
    async with open_journal(run) as journal:
        fsyncs.gate.clear()
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(journal.append, stages_of(f"c{number}", 1))
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
            fsyncs.gate.set()
        assert len(read_journal(run).reached) == 20


async def test_a_cancelled_run_leaves_the_journal_closed_and_whole(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    acknowledged: list[str] = []

    async def work() -> None:
        async with open_journal(run) as journal, anyio.create_task_group() as tasks:

            async def carry(id: str) -> None:
                for entry in stages_of(id):
                    await journal.append([entry])
                    acknowledged.append(id)

            for number in range(30):
                tasks.start_soon(carry, f"c{number}")

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            while len(acknowledged) < 40:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    reached = read_journal(run).reached
    assert all(reached[id] >= acknowledged.count(id) for id in acknowledged)


async def test_the_block_ends_with_its_own_exception_not_a_group(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with open_journal(RunDir(tmp_path)):
            raise LookupError("mine")


async def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    async with open_journal(RunDir(tmp_path)) as journal:
        pass
    with pytest.raises(CheckpointError, match="has ended"):
        await journal.append(stages_of("a", 1))


async def test_a_record_that_is_not_json_fails_alone(tmp_path: Path) -> None:
    async with open_journal(RunDir(tmp_path)) as journal:
        with pytest.raises(TypeError):
            await journal.append([StageDone("a", "scenario", {"scenario": object()})])
        await journal.append(stages_of("b", 1))
    assert set(read_journal(RunDir(tmp_path)).unsettled) == {"b"}


async def test_the_event_loop_runs_on_while_the_disk_works(tmp_path: Path, fsyncs: Fsyncs) -> None:
    async with open_journal(RunDir(tmp_path)) as journal, anyio.create_task_group() as tasks:
        fsyncs.gate.clear()
        tasks.start_soon(journal.append, stages_of("a", 1))
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        fsyncs.gate.set()


async def test_every_task_learns_that_the_disk_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[CheckpointError] = []

    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async with open_journal(RunDir(tmp_path)) as journal:
        await journal.append(stages_of("a", 1))
        monkeypatch.setattr(os, "fsync", failing)

        async def append(number: int) -> None:
            with pytest.raises(CheckpointError, match="Input/output error") as caught:
                await journal.append(stages_of(f"c{number}", 1))
            faults.append(caught.value)

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                for number in range(30):
                    tasks.start_soon(append, number)
            await append(99)
    assert len(faults) == 31
    assert all("000001.jsonl" in fault.where and "resume" in fault.fix for fault in faults)


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """No file may grow beyond the size: the disk is full, for all that this process can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


async def test_a_full_disk_stops_the_journal_and_tears_nothing(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    acknowledged: list[str] = []
    with files_of_at_most(100_000):
        async with open_journal(run) as journal:
            with pytest.raises(CheckpointError, match="writing the journal"):
                for number in range(1000):
                    await journal.append(stages_of(f"c{number}", 1, text="x" * 9_000))
                    acknowledged.append(f"c{number}")
    assert acknowledged
    state = read_journal(run)
    assert set(state.unsettled) == set(acknowledged)
    assert (state.damaged, state.torn) == ((), False)
    async with open_journal(run) as journal:
        assert journal.mended_bytes == 0
        await journal.append(stages_of("later", 1))
    assert "later" in read_journal(run).unsettled


async def test_a_fault_in_an_output_is_a_checkpoint_error_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDir(tmp_path)
    real, written = os.pwrite, []

    def failing_at_the_second(descriptor: int, data: bytes, at: int) -> int:
        written.append(at)
        if len(written) > 1:
            raise OSError(5, "Input/output error")
        return real(descriptor, data, at)

    entries = rejected("a", 0)
    async with open_journal(run) as journal:
        monkeypatch.setattr(os, "pwrite", failing_at_the_second)
        with pytest.raises(CheckpointError, match=r"writing an output.*rejected\.jsonl"):
            await journal.append(entries, lines_of("a", entries))
    assert isinstance(read_journal(run).settled["a"], Rejected)


async def test_a_run_directory_that_cannot_be_written_is_a_checkpoint_error(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where a folder should be")
    with pytest.raises(CheckpointError):
        async with open_journal(RunDir(tmp_path)):
            pass


def test_entries_can_be_appended_while_no_journal_is_open(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    append_entries(run, stages_of("a", 2))
    append_entries(run, [])
    append_entries(run, [Rejected("a", "outline", "refused")])
    assert isinstance(read_journal(run).settled["a"], Rejected)


async def test_appends_are_quick(tmp_path: Path) -> None:
    """A net, not a benchmark: one fsync for each of these would take some seconds."""
    began = time.perf_counter()
    async with open_journal(RunDir(tmp_path)) as journal, anyio.create_task_group() as tasks:
        for number in range(2000):
            tasks.start_soon(journal.append, stages_of(f"c{number}", 1))
    assert time.perf_counter() - began < 5


async def test_only_lines_wait_for_what_is_done_to_the_outputs_first(tmp_path: Path) -> None:
    run = begun_run(tmp_path, accepted("a"))
    state = read_journal(run)
    go_on = threading.Event()

    def mend() -> None:
        assert go_on.wait(10)
        reconcile(run, state, lines_of)

    async def append_with_lines() -> None:
        entries = rejected("b", 0)
        await journal.append(entries, lines_of("b", entries))
        acknowledged.set()

    acknowledged = anyio.Event()
    with anyio.fail_after(20):
        async with open_journal(run, mend) as journal, anyio.create_task_group() as tasks:
            tasks.start_soon(append_with_lines)
            await journal.append(stages_of("c", 1))
            assert set(read_journal(run).unsettled) == {"c"}
            assert not acknowledged.is_set() and not run.output("rejected").exists()
            go_on.set()
    assert acknowledged.is_set()
    assert [record["id"] for record in records(run.output("conversations"))] == ["a"]
    assert [record["id"] for record in records(run.output("rejected"))] == ["b"]


async def test_what_is_journaled_while_the_outputs_are_mended_gets_each_line_once(tmp_path: Path) -> None:
    run = begun_run(tmp_path, stages_of("a", 5))
    state = read_journal(run)
    go_on = threading.Event()

    def mend() -> None:
        assert go_on.wait(10)
        reconcile(run, state, lines_of)

    steps = steps_of("a", accepted("a"))[5:]
    with anyio.fail_after(20):
        async with open_journal(run, mend) as journal, anyio.create_task_group() as tasks:
            for entry, lines in steps:
                tasks.start_soon(journal.append, [entry], lines)
            await anyio.wait_all_tasks_blocked()
            go_on.set()
    assert [record["id"] for record in records(run.output("conversations"))] == ["a"]
    assert [record["id"] for record in records(run.output("scored_conversations"))] == ["a"]
    assert reconcile(run, read_journal(run), lines_of) == Reconciled({}, {})


async def test_a_disk_fault_in_what_is_done_first_is_told_to_who_appends(tmp_path: Path) -> None:
    def mend() -> None:
        raise CheckpointError("no room", where="rejected.jsonl", fix="Make room.")

    entries = rejected("a", 0)
    async with open_journal(RunDir(tmp_path), mend) as journal:
        with pytest.raises(CheckpointError, match="no room"):
            await journal.append(entries, lines_of("a", entries))
        with pytest.raises(CheckpointError, match="no room"):
            await journal.append(stages_of("b", 1))
