"""`funcdex serve` with stand-ins: what is listed, what starts again, and that nothing stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from running import SMALL, command, records

from funcdex.local_fleet.keep import Keeper
from funcdex.local_fleet.plan import Server

FAKE = Path(__file__).with_name("fake_server.py")


def serving(folder: Path, *flags: object, gpus: str = "0,1") -> list[str]:
    executable = f"{sys.executable} {FAKE} serve"
    fixed = ("--gpus", gpus, "--model", "m", "--port-base", 0, "--executable", executable)
    return command("serve", "vllm", *fixed, "--logs", folder / "logs", *flags)


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "FAKE_SERVER_NOTES": str(folder)}


@contextmanager
def running(folder: Path, *flags: object) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        serving(folder, *flags),
        env=environment(folder),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def listed(folder: Path) -> list[str]:
    path = folder / "logs" / "endpoints.txt"
    return [line for line in path.read_text().splitlines() if line[0] != "#"] if path.exists() else []


def notes(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def pids(folder: Path) -> list[int]:
    return [pid for note in notes(folder) for pid in note["pids"]]


def runs(pid: int) -> bool:
    """A zombie has ended, whoever should wait for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def reached(state: Callable[[], bool]) -> None:
    """Waits for other processes to get there."""
    deadline_s = time.monotonic() + 120
    while not state():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_healthy_servers_are_listed_and_a_signal_ends_them_all(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        reached(lambda: len(listed(tmp_path)) == 2)
        started = pids(tmp_path)
        assert len(started) == 4
        gpus = {note["environment"]["CUDA_VISIBLE_DEVICES"] for note in notes(tmp_path)}
        assert gpus == {"0", "1"}
        process.send_signal(signal.SIGTERM)
        reached(lambda: process.poll() is not None)
        assert process.returncode == 130
        assert listed(tmp_path) == []
        reached(lambda: not any(map(runs, started)))
    assert (tmp_path / "logs" / "vllm-0.log").stat().st_mode & 0o077 == 0


def test_nothing_is_left_when_serve_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        reached(lambda: len(listed(tmp_path)) == 2)
        started = pids(tmp_path)
        process.kill()
        reached(lambda: not any(map(runs, started)))


def test_a_server_that_dies_leaves_the_list_and_starts_again(tmp_path: Path) -> None:
    with running(tmp_path):
        reached(lambda: len(listed(tmp_path)) == 2)
        first = notes(tmp_path)[0]["pids"]
        os.kill(first[0], signal.SIGKILL)
        reached(lambda: len(listed(tmp_path)) == 1)
        reached(lambda: not any(map(runs, first)))
        reached(lambda: len(listed(tmp_path)) == 2)
        assert notes(tmp_path)[0]["pids"] != first


def test_a_command_runs_beside_the_servers_and_they_end_with_it(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, pathlib, sys, time\n"
        "(source,) = json.loads(os.environ['FUNCDEX_ENDPOINTS'])\n"
        "path = pathlib.Path(source.removeprefix('file:'))\n"
        "while len(path.read_text().splitlines()) < 3:\n"
        "    time.sleep(0.02)\n"
        "print(source)\n"
        "sys.exit(7)\n"
    )
    done = subprocess.run(
        serving(tmp_path, "--then", f"{sys.executable} {program}"),
        env=environment(tmp_path), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (7, f"file:{tmp_path / 'logs' / 'endpoints.txt'}\n"), done.stderr
    assert not any(map(runs, pids(tmp_path)))


def test_a_run_uses_the_servers_that_serve_started(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    asked = ("generate", tmp_path / "small.yaml", "--toolkits", "gmail", "--count", 3)
    then = " ".join(command(*asked, "--run", tmp_path / "run"))
    done = subprocess.run(
        serving(tmp_path, "--then", then, "--", "--sim"),
        env=environment(tmp_path), capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 5), done.stderr
    events = [one["event"] for one in records(tmp_path / "run" / "log.jsonl")]
    assert "joined" in events and "ending" in events
    assert not any(map(runs, pids(tmp_path)))


def test_servers_that_never_start_are_given_up_with_the_end_of_their_log(tmp_path: Path) -> None:
    done = subprocess.run(
        serving(tmp_path, "--restarts", 0, "--", "--broken"),
        env=environment(tmp_path), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "no such model" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [(("--model", ""), "--model"), (("--then", "'"), "--then"), (("--gpus", "0,0"), "--gpus")],
)
def test_wrong_use_is_told_in_one_message(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    done = subprocess.run(
        serving(tmp_path, *flags), env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr


async def test_a_server_that_dies_again_and_again_is_started_ever_later_and_then_given_up(
    tmp_path: Path,
) -> None:
    slept: list[float] = []
    said: list[str] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await anyio.sleep(0.01)

    async def healthy(url: str) -> bool:
        return False

    server = Server("vllm-0", "http://127.0.0.1:1", ("false",))
    log = tmp_path / "vllm-0.log"
    keeper = Keeper(server, log, 6, 1e9, healthy, lambda server, up: None, said.append, sleep=sleep)
    with anyio.fail_after(120):
        await keeper.keep()
    assert keeper.given_up
    assert [pause for pause in slept if pause >= 2] == [2, 4, 8, 16, 32, 60]
    assert "given up" in said[-1]


def test_who_guards_a_server_ends_it_when_nobody_asks_for_it_any_more(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "funcdex.local_fleet.guard",
        "100",
        sys.executable,
        str(FAKE),
        "--port",
        "0",
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environment(tmp_path)) as guard:
        reached(lambda: len(pids(tmp_path)) == 2)
        assert guard.stdin is not None
        guard.stdin.close()
        reached(lambda: not any(map(runs, pids(tmp_path))))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends a program with its parent")
def test_a_guard_that_is_killed_takes_its_server_along(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "funcdex.local_fleet.guard",
        "100",
        sys.executable,
        str(FAKE),
        "--port",
        "0",
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environment(tmp_path)) as guard:
        reached(lambda: len(pids(tmp_path)) == 2)
        server, child = pids(tmp_path)
        guard.kill()
        reached(lambda: not runs(server))
        os.kill(child, signal.SIGKILL)
