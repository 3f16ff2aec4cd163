"""A run that cannot go on says why, ends with 3, and can be resumed."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import anyio.to_thread
from running import SMALL, command, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import Fault
from funcdex.sim.process import SimProcess, simulated_processes

LIMIT_BYTES = 200_000


def finished(arguments: list[str], limit_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    """The finished command; no file may grow beyond the limit, as on a disk that is full."""

    def limit() -> None:
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=120, check=False, preexec_fn=limit
    )


async def test_a_disk_that_takes_no_more_stops_the_run_and_room_lets_it_go_on(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")
    arguments = command(
        "generate", small_config, "--endpoints", sims[0].url, "--run", run.path,
        "--toolkits", "stripe", "--count", 40,
    )  # fmt: skip

    stopped = await anyio.to_thread.run_sync(finished, arguments, LIMIT_BYTES)

    assert stopped.returncode == 3, stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "stopped: writing" in stopped.stdout and f"funcdex resume {run.path}" in stopped.stdout
    kept = records(run.journal)
    assert 0 < len(kept) < 40 * 8

    resumed = await anyio.to_thread.run_sync(run_command, "resume", run.path)

    assert resumed.returncode in (0, 5), resumed.stderr
    assert records(run.journal)[: len(kept)] == kept
    state = read_journal(run)
    assert len(state.settled) == 40 and state.repeated == 0


def generate_until_the_endpoint_dies(arguments: list[str], run: RunDir, pid: int) -> tuple[int, str]:
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not run.journal.exists() or run.journal.read_bytes().count(b"\n") < 20:
            try:
                process.wait(timeout=0.01)
            except subprocess.TimeoutExpired:
                continue
            break
        subprocess.run(["kill", "-9", str(pid)], check=True)
        stdout, _ = process.communicate(timeout=60)
        return process.returncode, stdout
    finally:
        process.kill()
        process.communicate()


async def test_a_run_without_any_endpoint_left_stops_after_a_while(tmp_path: Path) -> None:
    config, run = tmp_path / "impatient.yaml", RunDir(tmp_path / "run")
    config.write_text(SMALL.replace("pool: {", "pool: {give_up_after_s: 1, "), "utf-8")
    async with simulated_processes(1, SimConfig(step_ms=1.0)) as (sim,):
        arguments = command(
            "generate", config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "asana", "--count", 60, "--max-in-flight", 4,
        )  # fmt: skip
        code, said = await anyio.to_thread.run_sync(generate_until_the_endpoint_dies, arguments, run, sim.pid)
    assert code == 3, said
    assert "stopped: no endpoint" in said and f"funcdex resume {run.path}" in said
    assert {entry["entry"] for entry in records(run.journal)} <= {"stage", "accepted", "rejected"}
    assert {one["reason"] for one in records(run.output("rejected"))} <= {"low_score"}


async def test_an_endpoint_that_fails_at_everything_from_some_moment_on_costs_no_conversation(
    tmp_path: Path,
) -> None:
    config, run = tmp_path / "impatient.yaml", RunDir(tmp_path / "run")
    config.write_text(SMALL.replace("pool: {", "pool: {give_up_after_s: 5, "), "utf-8")
    broken = SimConfig(step_ms=1.0, faults=(Fault("server_error", after=80),))
    async with simulated_processes(1, broken) as (sim,):
        arguments = (
            "generate", config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "asana", "--count", 30, "--max-in-flight", 4,
        )  # fmt: skip
        stopped = await anyio.to_thread.run_sync(run_command, *arguments)
    assert stopped.returncode == 3, stopped.stderr
    assert "stopped: no endpoint" in stopped.stdout and "HTTP 500" in stopped.stdout
    judged = {"low_score"}
    assert {one["reason"] for one in records(run.output("rejected"))} <= judged
    kept = records(run.journal)

    async with simulated_processes(1, SimConfig(step_ms=1.0)) as (sim,):
        resumed = await anyio.to_thread.run_sync(run_command, "resume", run.path, "--endpoints", sim.url)
    assert resumed.returncode in (0, 5), resumed.stderr
    assert records(run.journal)[: len(kept)] == kept
    assert len(read_journal(run).settled) == 30
    assert {one["reason"] for one in records(run.output("rejected"))} <= judged
