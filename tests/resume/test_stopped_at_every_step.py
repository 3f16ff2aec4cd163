"""A run that is killed, or whose disk fills up or breaks, at each single operation on its files in turn.

Whatever was acknowledged is there afterwards, once; the run is gone on with, and ends as if nothing had been.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import open_journal
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.linefile import PAGE_BYTES
from funcdex.rundir.lock import exclusive
from funcdex.rundir.outputs import reconcile
from funcdex.rundir.reading import read_journal
from funcdex.rundir.status import status
from funcdex.types.record import Entry
from resume.faulty_disk import CUTS, Cut, FaultyDisk, How
from resume.histories import accepted, lines_of, records, rejected, steps_of

# Lines that fit a page, that do not fit what is left of it, and that are longer than one.
HISTORIES: dict[str, list[Entry]] = {
    "a": accepted("a", text="x" * 100),
    "b": rejected("b", 2, text="y" * (PAGE_BYTES // 2)),
    "c": rejected("c", 3, text="z" * 2 * PAGE_BYTES),
}
Acknowledged = list[tuple[str, int]]


async def work(run: RunDir, acknowledged: Acknowledged) -> None:
    """Begins the run, or goes on with it: everything that a session does to its files, one step at a time."""
    with exclusive(run):
        state = read_journal(run)
        reconcile(run, state, lines_of)
        async with open_journal(run) as journal:
            for id, entries in HISTORIES.items():
                if id in state.settled:
                    continue
                steps = list(enumerate(steps_of(id, entries)))
                for number, (entry, lines) in steps[state.reached.get(id, 0) :]:
                    await journal.append([entry], lines)
                    acknowledged.append((id, number))


async def stopped_at(run: RunDir, at: int, how: How) -> tuple[FaultyDisk, Acknowledged]:
    acknowledged: Acknowledged = []
    with FaultyDisk(run.path.parent, at=at, how=how) as disk:
        try:
            await work(run, acknowledged)
        except CheckpointError as fault:
            assert disk.struck and str(run.path) in fault.where
        except Exception:
            # The process is gone; how the rest of it comes down says nothing.
            assert disk.struck and how == "torn"
    return disk, acknowledged


def check_kept(run: RunDir, acknowledged: Acknowledged) -> None:
    state = read_journal(run)
    assert (state.repeated, state.passed_over, state.damaged) == (0, 0, ())
    for id, number in acknowledged:
        assert id in state.settled or state.reached[id] > number, f"{id} {number} is lost"


async def check_goes_on(run: RunDir) -> None:
    await work(run, [])
    state = read_journal(run)
    assert (state.repeated, state.passed_over, state.damaged, state.torn) == (0, 0, (), False)
    assert sorted(state.settled) == sorted(HISTORIES)
    due = Counter((name, id) for id, entries in HISTORIES.items() for name, _ in lines_of(id, entries))
    assert due == Counter((name, one["id"]) for name in OUTPUTS for one in records(run.output(name)))


async def stop_at_every_step(tmp_path: Path, how: How, cut: Cut) -> int:
    """How many steps there were."""
    at = 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        run = RunDir(folder / "run")
        disk, acknowledged = await stopped_at(run, at, how)
        disk.cut_power(cut)
        check_kept(run, acknowledged)
        with FaultyDisk(folder):  # which syncs nothing, and so takes a tenth of the time
            await check_goes_on(run)
        shutil.rmtree(folder)
        if not disk.struck:
            return at - 1


@pytest.mark.parametrize("cut", CUTS)
async def test_a_kill_or_a_power_cut_at_any_step_loses_nothing_acknowledged(tmp_path: Path, cut: Cut) -> None:
    assert await stop_at_every_step(tmp_path, "torn", cut) > 50


@pytest.mark.parametrize("how", ["full", "broken"])
async def test_a_disk_that_fails_at_any_step_stops_the_run_and_loses_nothing(
    tmp_path: Path, how: How
) -> None:
    assert await stop_at_every_step(tmp_path, how, "everything") > 50


async def test_a_run_that_is_killed_again_and_again_while_it_is_mended_comes_to_its_end(
    tmp_path: Path,
) -> None:
    run, at, sessions = RunDir(tmp_path / "run"), 0, 0
    acknowledged: Acknowledged = []
    while True:
        at += 1
        disk, more = await stopped_at(run, at, "torn")
        disk.cut_power(CUTS[at % 2])
        acknowledged += more
        check_kept(run, acknowledged)
        sessions += 1
        if not disk.struck:
            break
    assert sessions > 10 and len(acknowledged) == len(set(acknowledged))
    await check_goes_on(run)


async def test_a_run_directory_that_may_not_be_written_is_told_and_can_be_looked_at(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    await work(run, [])
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with FaultyDisk(tmp_path, at=1, how="read_only"):
        with pytest.raises(CheckpointError, match="Read-only file system"):
            await work(run, [])
        assert len(read_journal(run).settled) == len(HISTORIES)
        with pytest.raises(CheckpointError, match="no run is here"):
            status(run)  # It gets as far as the manifest, which these runs do not have.
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
