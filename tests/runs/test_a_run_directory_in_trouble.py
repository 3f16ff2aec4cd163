"""What lies in a run directory, or what time it is, is not what it should be: told, and nothing is lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from running import command, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.rundir.manifest import FORMAT
from funcdex.rundir.reading import read_journal
from funcdex.sim.process import SimProcess

COUNT = 8


@pytest.fixture
async def finished(tmp_path: Path, small_config: Path, sims: list[SimProcess]) -> RunDir:
    run = RunDir(tmp_path / "run")
    arguments = (
        "generate", small_config, "--endpoints", ",".join(sim.url for sim in sims), "--run", run.path,
        "--toolkits", "gmail", "--count", COUNT,
    )  # fmt: skip
    done = await anyio.to_thread.run_sync(run_command, *arguments)
    assert done.returncode in (0, 5), done.stderr
    return run


async def test_damage_a_second_process_and_a_newer_version_are_told(finished: RunDir) -> None:
    lines = finished.journal.read_bytes().splitlines(keepends=True)
    finished.journal.write_bytes(b"".join([*lines[:5], b'{"entry": "sta\xff\n', *lines[6:]]))

    resumed = await anyio.to_thread.run_sync(run_command, "resume", finished.path)

    assert resumed.returncode in (0, 5), resumed.stderr
    assert "1 damaged lines of the journal (6) are put aside" in resumed.stderr
    assert [one["line"] for one in records(finished.damaged)] == [6]
    state = read_journal(finished)
    assert (len(state.settled), state.damaged, state.repeated) == (COUNT, (), 0)
    assert all(isinstance(entry, dict) for entry in records(finished.journal))

    with exclusive(finished):
        refused = await anyio.to_thread.run_sync(run_command, "resume", finished.path)
    assert refused.returncode == 2 and "another funcdex process works on this run" in refused.stderr

    manifest = json.loads(finished.manifest.read_text("utf-8")) | {"format": FORMAT + 1, "funcdex": "9.9.9"}
    finished.manifest.write_text(json.dumps(manifest), "utf-8")
    newer = await anyio.to_thread.run_sync(run_command, "resume", finished.path)
    assert newer.returncode == 2 and "Use funcdex 9.9.9 or newer" in newer.stderr


JUMPING = """
import datetime, itertools, time
jumps, real, real_time = itertools.cycle([0, 4e7, -4e7, 3600]), datetime.datetime, time.time
class Jumping(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + datetime.timedelta(seconds=next(jumps))
datetime.datetime = Jumping
time.time = lambda: real_time() + next(jumps)
from funcdex.cli.app import main
main()
"""


def content(run: RunDir) -> dict[tuple[str, str | None], Any]:
    """The journal without what tells of time."""
    entries = records(run.journal)
    for entry in entries:
        entry.get("value", {}).pop("written_at", None)
        for used in entry.get("usage", ()):
            used.pop("latency_s")
    return {(entry["id"], entry.get("stage") or entry["entry"]): entry for entry in entries}


def alone(config: Path) -> Path:
    """Conversations whose prompts show nothing of one another, which would depend on who came first."""
    text = config.read_text("utf-8")
    config.write_text(text.replace("enabled: false", "enabled: false, examples_shown: 0"), "utf-8")
    return config


async def test_a_clock_that_jumps_changes_nothing_but_timestamps(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    config = alone(small_config)
    runs = [RunDir(tmp_path / "steady"), RunDir(tmp_path / "jumping")]
    for run, python in zip(
        runs, ([sys.executable, "-m", "funcdex"], [sys.executable, "-c", JUMPING]), strict=True
    ):
        words = command(
            "generate", config, "--endpoints", sims[0].url, "--run", run.path,
            "--toolkits", "gmail", "--count", COUNT,
        )[3:]  # fmt: skip
        done = await anyio.run_process([*python, *words], check=False)
        assert done.returncode in (0, 5), done.stderr
    assert content(runs[0]) == content(runs[1])
    spread = sorted(event["at"][:4] for event in records(runs[1].log))
    assert spread[0] < spread[-1], "it did jump"
