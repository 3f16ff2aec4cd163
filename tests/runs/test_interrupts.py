from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import anyio.to_thread
import pytest
from running import command, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes


def interrupted(
    arguments: list[str], run: RunDir, lines: int, signals: list[signal.Signals]
) -> tuple[int, str]:
    """Exit code and standard output of a session that gets `signals` once the journal has so many lines."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not run.journal.exists() or run.journal.read_bytes().count(b"\n") < lines:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
        for one in signals:
            process.send_signal(one)
            # Two equal signals that are pending at once are one.
            while len(signals) > 1 and "finishing" not in (
                process.stderr.readline() if process.stderr else ""
            ):
                pass
            signals = signals[1:]
        stdout, _ = process.communicate(timeout=60)
        return process.returncode, stdout
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]],
    ids=["int", "term", "twice"],
)
async def test_an_interrupted_run_says_how_to_go_on_and_does(
    tmp_path: Path, small_config: Path, signals: list[signal.Signals]
) -> None:
    run = RunDir(tmp_path / "run")
    async with simulated_processes(1, SimConfig(step_ms=1.0)) as (sim,):
        arguments = command(
            "generate", small_config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "gmail", "--count", 40, "--max-in-flight", 8,
        )  # fmt: skip
        code, said = await anyio.to_thread.run_sync(interrupted, arguments, run, 30, signals)
        assert code == 130, said
        assert f"funcdex resume {run.path}" in said
        kept = records(run.journal)

        finished = await anyio.to_thread.run_sync(run_command, "resume", run.path)

    assert finished.returncode in (0, 5), finished.stderr
    assert records(run.journal)[: len(kept)] == kept
    state = read_journal(run)
    assert len(state.settled) == 40 and state.repeated == 0
