"""A process that appends is killed at random moments; what it had acknowledged must be there, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from rundir.file_systems import keeps_blocks_whole

from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.lock import held
from funcdex.rundir.outputs import reconcile
from funcdex.rundir.reading import read_journal
from funcdex.types.record import STAGES
from resume.histories import lines_of, records

KILLS = 15
WORKERS = 30

CHILD = """
import os, sys
from itertools import count
from pathlib import Path
import anyio
from funcdex.rundir.journal import open_journal
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.rundir.outputs import reconcile
from funcdex.rundir.reading import read_journal
from resume.histories import accepted, lines_of, steps_of

async def carry_on(journal, ids, reached):
    for id in ids:
        history = steps_of(id, accepted(id, text="x" * 20_000))
        for number, (entry, lines) in list(enumerate(history))[reached.get(id, 0):]:
            await journal.append([entry], lines)
            os.write(1, f"{id} {number}\\n".encode())

async def main(run, workers):
    state = read_journal(run)
    assert not (state.repeated or state.passed_over or state.damaged)
    new = (f"c{number}" for number in count(len(state.reached)))
    begun = iter(state.unsettled)
    async with open_journal(run) as journal, anyio.create_task_group() as tasks:
        tasks.start_soon(carry_on, journal, begun, state.reached)
        for _ in range(workers):
            tasks.start_soon(carry_on, journal, new, {})

run = RunDir(Path(sys.argv[1]))
with exclusive(run):
    reconcile(run, read_journal(run), lines_of)
    anyio.run(main, run, int(sys.argv[2]))
"""


def work_until_killed(run: RunDir, after_acknowledgements: int) -> list[tuple[str, int]]:
    """What a process acknowledged before it was killed: id and number of the entry."""
    tests = str(Path(__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(run.path), str(WORKERS)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": tests},
    )
    assert child.stdout is not None
    said = b""
    while said.count(b"\n") < after_acknowledgements and (more := os.read(child.stdout.fileno(), 65_536)):
        said += more
    os.kill(child.pid, signal.SIGKILL)
    said += child.communicate()[0]
    words = [line.split() for line in said.decode().splitlines()]
    return [(id, int(number)) for id, number in words]


def test_a_kill_at_any_moment_loses_nothing_acknowledged_and_repeats_nothing(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    acknowledged: list[tuple[str, int]] = []
    for kill in range(KILLS):
        acknowledged += work_until_killed(run, after_acknowledgements=random.Random(kill).randint(1, 150))
        assert not held(run)
        if keeps_blocks_whole(tmp_path):
            for file in [run.journal, *map(run.output, OUTPUTS)]:
                records(file)  # no kill leaves part of a line
        state = read_journal(run)
        assert (state.repeated, state.passed_over, state.damaged) == (0, 0, ())
    assert len(acknowledged) == len(set(acknowledged)) > KILLS
    for id, number in acknowledged:
        assert state.reached[id] > number or (number == len(STAGES) and id in state.settled)
    reconcile(run, read_journal(run), lines_of)
    for name in ("accepted_conversations", "parsed_conversations"):
        assert Counter(record["id"] for record in records(run.output(name))) == Counter(list(state.settled))
