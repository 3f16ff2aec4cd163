"""Endpoints that a program prints: what it prints is bounded, and so is its time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import anyio
import pytest

from funcdex.discovery.command import CommandSource
from funcdex.errors import DiscoveryError
from funcdex.settings.endpoint_spec import EndpointSpec

OPTIONS = EndpointSpec(url="command:list", max_in_flight=64)


def source(program: str, timeout_s: float = 60) -> CommandSource:
    """`program` is Python."""
    return CommandSource(f'{sys.executable} -c "{program}"', OPTIONS, timeout_s)


async def test_what_a_program_prints_is_the_list() -> None:
    found = await source("print('http://a:1'); print('http://b:1;max_in_flight=8')").listed()
    assert [(spec.url, spec.max_in_flight) for spec in found] == [("http://a:1", 64), ("http://b:1", 8)]


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    program = tmp_path / "arguments.py"
    program.write_text(
        "import sys\nassert sys.argv[1:] == ['$HOME', '|', 'x y'], sys.argv\nprint('http://a:1')"
    )
    found = await CommandSource(f"{sys.executable} {program} $HOME | 'x y'", OPTIONS, 60).listed()
    assert len(found) == 1


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import sys; sys.stderr.write('no cluster'); sys.exit(3)", "ended with 3: no cluster"),
        ("while True: print('http://a:1')", "prints more than"),
        ("print('{')", "not YAML"),
    ],
)
async def test_a_program_that_fails_is_told_of(program: str, reason: str) -> None:
    with pytest.raises(DiscoveryError, match=reason):
        await source(program).listed()


async def test_a_message_shows_the_program_and_no_argument() -> None:
    with pytest.raises(DiscoveryError) as raised:
        await CommandSource(f"{sys.executable} -c 'exit(1)' hunter2", OPTIONS, 60).listed()
    assert "hunter2" not in str(raised.value)
    assert sys.executable in str(raised.value)


@pytest.mark.parametrize("command", ["/no/such/program", "'", "''"])
async def test_a_program_that_is_not_there_is_told_of(command: str) -> None:
    with pytest.raises(DiscoveryError):
        await CommandSource(command, OPTIONS, 60).listed()


async def test_a_program_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    program = tmp_path / "hang.sh"
    program.write_text(f"sleep 1000 &\necho $! > {started}\nwait\n")
    begun = CommandSource(f"sh {program}", OPTIONS, timeout_s=1000)
    with anyio.fail_after(400):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(begun.listed)
            await reached(lambda: started.exists() and started.read_text().strip() != "")
            tasks.cancel_scope.cancel()
        child = int(started.read_text())
        await reached(lambda: not _runs(child))


async def reached(state: Callable[[], bool]) -> None:
    """Waits for other processes to get there, without taking the processor from them."""
    with anyio.fail_after(200):
        for pause_s in repeat(0.02):
            if state():
                return
            await anyio.sleep(pause_s)


def _runs(pid: int) -> bool:
    """A zombie, which nobody waits for here, has ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_what_a_program_leaves_behind_does_not_keep_its_list_waiting() -> None:
    with anyio.fail_after(60):
        found = await CommandSource("sh -c 'sleep 1000 >/dev/null & echo http://a:1'", OPTIONS, 1000).listed()
    assert [spec.url for spec in found] == ["http://a:1"]
