"""Keeps one server running: started, waited for, listed while it is healthy, started again when it dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, STDOUT

import anyio
from anyio.abc import Process

from funcdex.errors import ConfigError
from funcdex.local_fleet.plan import Server

STOP_PATIENCE_S = 20.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
LOOK_EVERY_S = 0.5
FORGIVEN_AFTER_S = 600.0
"""A server that was up for so long may die as often again."""
_LAST_LINES = 5
_END_BYTES = 4000

Healthy = Callable[[str], Awaitable[bool]]
"""Whether the server at a URL says it can be used."""


@dataclass(slots=True)
class Keeper:
    """One for each server. `listed` is called with True when it becomes healthy, with False when it is so no
    more. `say` is for the user."""

    server: Server
    log: Path
    most_restarts: int
    ready_within_s: float
    healthy: Healthy
    listed: Callable[[Server, bool], None]
    say: Callable[[str], None]
    clock: Callable[[], float] = anyio.current_time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    given_up: bool = field(default=False, init=False)

    async def keep(self) -> None:
        """Until it is given up, or cancelled; then nothing of it is left."""
        deaths = 0
        while True:
            up_s = await self._once()
            deaths = 1 if up_s >= FORGIVEN_AFTER_S else deaths + 1
            if deaths > self.most_restarts:
                self.given_up = True
                self.say(f"{self.server.name} is given up; the end of {self.log}:\n{end_of(self.log)}")
                return
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (deaths - 1))
            self.say(f"{self.server.name} starts again in {pause_s:.0f} s ({deaths} of {self.most_restarts})")
            await self.sleep(pause_s)

    async def _once(self) -> float:
        """One life of the server; for how many seconds it was healthy."""
        healthy_s: float | None = None
        with open_log(self.log) as log:
            process = await guarded(self.server.command, _environment(self.server), log, STOP_PATIENCE_S)
        try:
            if await self._becomes_healthy(process):
                healthy_s = self.clock()
                self.listed(self.server, True)
                await process.wait()
                self.say(f"{self.server.name} ended with {process.returncode}")
        finally:
            if healthy_s is not None:
                self.listed(self.server, False)
            await end(process)
        return 0.0 if healthy_s is None else self.clock() - healthy_s

    async def _becomes_healthy(self, process: Process) -> bool:
        give_up_s = self.clock() + self.ready_within_s
        while self.clock() < give_up_s:
            if process.returncode is not None:
                self.say(f"{self.server.name} ended with {process.returncode} before it was healthy")
                return False
            if await self.healthy(self.server.url):
                return True
            await self.sleep(LOOK_EVERY_S)
        self.say(f"{self.server.name} is not healthy after {self.ready_within_s:.0f} s")
        return False


async def guarded(
    command: Sequence[str], environment: Mapping[str, str], output: int | None, patience_s: float
) -> Process:
    """A program that ends with this process, however that ends. `output`: a file for all it says, or ours.
    Raises ConfigError if not even its guard starts."""
    words = [sys.executable, "-m", "funcdex.local_fleet.guard", str(patience_s), *command]
    try:
        return await anyio.open_process(
            words,
            stdin=PIPE,
            stdout=output,
            stderr=None if output is None else STDOUT,
            env=environment,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        fix = "Name the program by --executable."
        raise ConfigError(f"it does not start: {error}", where=command[0], fix=fix) from error


async def end(process: Process) -> None:
    """Kindly first; nothing of it is left afterwards."""
    with anyio.CancelScope(shield=True):
        if process.stdin is not None:
            await process.stdin.aclose()
        with anyio.move_on_after(STOP_PATIENCE_S + 5):
            await process.wait()
        if process.returncode is None:
            process.kill()
        await process.aclose()


async def forwarded(process: Process, number: signal.Signals) -> None:
    """A signal for a guarded program."""
    try:
        process.send_signal(number)
    except ProcessLookupError:
        pass  # It has just ended.


@contextmanager
def open_log(path: Path) -> Iterator[int]:
    """A log to be written on, for its owner's eyes: servers write their flags there. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        fix = "Name a folder for them by --logs."
        raise ConfigError(f"it cannot be written: {error.strerror}", where=str(path), fix=fix) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def end_of(path: Path) -> str:
    """The last lines of a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _END_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_LAST_LINES:])


def _environment(server: Server) -> dict[str, str]:
    gpu = {} if server.gpu is None else {"CUDA_VISIBLE_DEVICES": server.gpu}
    return {**server.environment, **os.environ, **gpu}
