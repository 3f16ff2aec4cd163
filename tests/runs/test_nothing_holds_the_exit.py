"""An interrupted run ends within its time, whatever hangs: a server, a thread, the sentence model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio.to_thread
import pytest
from running import SMALL, command, records, run_command

from funcdex.interrupts import LAST_RESORT_S
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import Fault
from funcdex.sim.process import simulated_processes

SLACK_S = 15.0
"""For a busy machine; a run that hung would take for ever."""

Ready = Callable[[subprocess.Popen[str]], bool]


def entries_in(run: RunDir, count: int) -> Ready:
    return lambda _: run.journal.exists() and run.journal.read_bytes().count(b"\n") >= count


def interrupted(arguments: list[str], ready: Ready, sent: signal.Signals) -> tuple[int, str, str, float]:
    """Exit code, what it said, and how long it took from the signal to the end."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not ready(process):
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
        began_s = time.monotonic()
        process.send_signal(sent)
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr, time.monotonic() - began_s
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_a_server_that_never_answers_holds_a_drain_for_its_time_and_no_longer(
    tmp_path: Path, small_config: Path, sent: signal.Signals
) -> None:
    run = RunDir(tmp_path / "run")
    faults = (Fault("stall", after=30, probability=0.5),)
    async with simulated_processes(1, SimConfig(step_ms=1.0, faults=faults)) as (sim,):
        arguments = command(
            "generate", small_config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "gmail", "--count", 40, "--max-in-flight", 8, "--drain-timeout", 1,
        )  # fmt: skip
        ready = entries_in(run, 25)
        code, out, err, took_s = await anyio.to_thread.run_sync(interrupted, arguments, ready, sent)
    assert code == 130, err
    assert "for 1 s at most" in err and "time is up" in err
    assert f"funcdex resume {run.path}" in out
    assert 1.0 <= took_s < 1.0 + SLACK_S
    kept = records(run.journal)

    async with simulated_processes(1, SimConfig(step_ms=0.0)) as (sim,):
        finished = await anyio.to_thread.run_sync(run_command, "resume", run.path, "--endpoints", sim.url)
    assert finished.returncode in (0, 5), finished.stderr
    assert records(run.journal)[: len(kept)] == kept
    assert (len(read_journal(run).settled), read_journal(run).repeated) == (40, 0)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupt_before_the_first_request_ends_it_at_once(
    tmp_path: Path, small_config: Path, sent: signal.Signals
) -> None:
    run = RunDir(tmp_path / "run")

    async def silent(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    arguments = command(
        "generate", small_config, "--endpoints", f"http://127.0.0.1:{port}", "--run", run.path,
        "--toolkits", "gmail", "--count", 2,
    )  # fmt: skip
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, silent)
        probing: Ready = lambda _: run.log.exists() and b'"session"' in run.log.read_bytes()  # noqa: E731
        code, _, err, took_s = await anyio.to_thread.run_sync(interrupted, arguments, probing, sent)
        tasks.cancel_scope.cancel()
    assert code == 130 and "Traceback" not in err
    assert took_s < SLACK_S
    assert run.exists, "it can be resumed"


HUNG = """
import pathlib
import sys
import threading
import anyio.to_thread
import funcdex.pool.pool as pool

mark = pathlib.Path(sys.argv.pop(1))

async def hang(*_):
    mark.touch()
    await anyio.to_thread.run_sync(threading.Event().wait)

pool.believe = hang
from funcdex.cli.app import main
main()
"""


async def test_a_thread_that_hangs_does_not_hold_the_exit(tmp_path: Path, small_config: Path) -> None:
    run, hung = RunDir(tmp_path / "run"), str(tmp_path / "hung")
    async with simulated_processes(1, SimConfig(step_ms=0.0)) as (sim,):
        arguments = [sys.executable, "-c", HUNG, hung] + command(
            "generate", small_config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "gmail", "--count", 4, "--drain-timeout", 0.2,
        )[3:]  # fmt: skip
        ready: Ready = lambda _: Path(hung).exists()  # noqa: E731
        code, _, err, took_s = await anyio.to_thread.run_sync(interrupted, arguments, ready, signal.SIGINT)
    assert code == 130 and "something did not end by itself" in err
    assert took_s < 0.2 + LAST_RESORT_S + SLACK_S


def frozen_model(process: subprocess.Popen[str]) -> bool:
    """Stops the child that loads the sentence model as soon as there is one."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    for child in (child for thread in threads for child in thread.read_text().split()):
        if b"model_process" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGSTOP)
            return True
    return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the child through /proc")
async def test_a_sentence_model_that_hangs_does_not_hold_the_exit(tmp_path: Path) -> None:
    run, config = RunDir(tmp_path / "run"), tmp_path / "config.yaml"
    config.write_text(SMALL.replace("dedup: {enabled: false}", ""), "utf-8")
    async with simulated_processes(1, SimConfig(step_ms=0.0)) as (sim,):
        arguments = command(
            "generate", config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "gmail", "--count", 4, "--drain-timeout", 0.2,
        )  # fmt: skip
        code, _, err, took_s = await anyio.to_thread.run_sync(
            interrupted, arguments, frozen_model, signal.SIGTERM
        )
    assert code == 130, err
    assert took_s < 0.2 + LAST_RESORT_S + SLACK_S
