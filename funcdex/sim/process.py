"""Simulated endpoints as processes: one interpreter each, so they use as many cores as there are.

A process ends with its parent, however that one ends: it watches its standard input, which the system closes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from subprocess import PIPE
from urllib.parse import urlsplit

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from funcdex.errors import ConfigError
from funcdex.sim.config import SimConfig, to_flags

EXIT_WITH_STDIN = "--exit-with-stdin"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0
_LONGEST_LINE_BYTES = 65_536


class SimProcess:
    """One simulated endpoint in a process of its own. It can be killed and started again at the same port."""

    def __init__(self, config: SimConfig) -> None:
        self.config = config
        self.url = ""
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Its process id. Only while it runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> str:
        """Starts it and waits until it listens; its base URL. Raises ConfigError if it does not come up."""
        command = [sys.executable, "-m", "funcdex.sim", *to_flags(self.config), EXIT_WITH_STDIN]
        # A session of its own: an interrupt from the terminal is the parent's to handle.
        self._process = await anyio.open_process(command, stdin=PIPE, stderr=None, start_new_session=True)
        try:
            with anyio.fail_after(_START_TIMEOUT_S):
                self.url = await _announced_url(self._process)
        except BaseException as error:
            await self.kill()
            if isinstance(error, (TimeoutError, anyio.IncompleteRead, anyio.EndOfStream)):
                raise _did_not_start(self.config) from error
            raise
        self.config = replace(self.config, port=urlsplit(self.url).port or 0)
        return self.url

    async def stop(self) -> None:
        """Ends it in an orderly way, or by force if that takes too long."""
        if self._process and self._process.stdin:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_STOP_TIMEOUT_S):
                await self._process.stdin.aclose()
                await self._process.wait()
        await self.kill()

    async def kill(self) -> None:
        """Ends it as `kill -9` does: connections break, nothing is cleaned up. Starts no more by itself."""
        process, self._process = self._process, None
        if process is None:
            return
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.aclose()


async def _announced_url(process: Process) -> str:
    assert process.stdout is not None
    lines = BufferedByteReceiveStream(process.stdout)
    line = await lines.receive_until(b"\n", _LONGEST_LINE_BYTES)
    return str(json.loads(line)["url"])


def _did_not_start(config: SimConfig) -> ConfigError:
    return ConfigError(
        "the simulated endpoint did not start",
        where=f"python -m funcdex.sim {' '.join(to_flags(config))}",
        fix="Run that command by hand; it says why on standard error.",
    )


@asynccontextmanager
async def simulated_processes(count: int, config: SimConfig) -> AsyncIterator[list[SimProcess]]:
    """So many endpoints, started side by side and ended with the block, also when it is cancelled.

    They have the same seed: which of them answers a request does not change the answer. Raises ConfigError.
    """
    processes = [SimProcess(config) for _ in range(count)]
    async with AsyncExitStack() as stack:
        for process in processes:
            stack.push_async_callback(process.stop)
        await _start_side_by_side(processes)
        yield processes


async def _start_side_by_side(processes: Sequence[SimProcess]) -> None:
    errors: list[ConfigError] = []

    async def start(process: SimProcess) -> None:
        try:
            await process.start()
        except ConfigError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for process in processes:
            tasks.start_soon(start, process)
    if errors:
        raise errors[0]


@asynccontextmanager
async def simulated_endpoints(count: int, config: SimConfig) -> AsyncIterator[list[str]]:
    """The base URLs of so many endpoints, running as long as the block. Raises ConfigError."""
    async with simulated_processes(count, config) as processes:
        yield [process.url for process in processes]
