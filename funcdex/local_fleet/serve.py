"""Servers on this machine, one for each GPU, and the list of those that are healthy.

    async with started(...): ...          -> `funcdex serve`, until a signal or until its command has ended

The list is a file that `--endpoints file:F` follows, so servers join a run as they become healthy, and one
that dies leaves it until it is up again.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import Process

from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.errors import ConfigError, NoEndpointAvailable
from funcdex.local_fleet.keep import Keeper, end, forwarded, guarded
from funcdex.local_fleet.plan import Server
from funcdex.rundir.files import replace_file
from funcdex.settings.endpoint_spec import EndpointSpec

HEALTH_TIMEOUT_S = 5.0
COMMAND_PATIENCE_S = 75.0
"""A run that is told to end drains first, 60 s unless told otherwise."""


@dataclass(slots=True)
class Listing:
    """The file of healthy servers, in the order of the plan."""

    path: Path
    servers: Sequence[Server]
    _healthy: set[str] = field(default_factory=set)

    def set(self, server: Server, healthy: bool) -> None:
        """Writes it anew."""
        (self._healthy.add if healthy else self._healthy.discard)(server.url)
        self.write()

    def write(self) -> None:
        """Raises CheckpointError."""
        urls = [server.url for server in self.servers if server.url in self._healthy]
        replace_file(self.path, "".join(f"{url}\n" for url in ("# funcdex serve", *urls)).encode())


@dataclass(slots=True)
class LocalFleet:
    """What `funcdex serve` runs. `then` is a command line that runs while the servers do, with
    FUNCDEX_ENDPOINTS set to them."""

    servers: Sequence[Server]
    endpoints_file: Path
    logs: Path
    most_restarts: int
    ready_within_s: float
    say: Callable[[str], None]
    then: str | None = None
    _signals: int = 0

    async def run(self) -> int:
        """Until a signal, or the end of `then`: its exit code, 130 after a signal without one. Raises
        NoEndpointAvailable when all servers are given up."""
        listing = Listing(self.endpoints_file, self.servers)
        listing.write()
        code = 130
        async with open_transport() as transport:

            async def healthy(url: str) -> bool:
                client = EndpointClient(EndpointSpec(url=url), transport)
                return await client.illness(timeout_s=HEALTH_TIMEOUT_S) is None

            def changed(server: Server, is_healthy: bool) -> None:
                listing.set(server, is_healthy)
                if is_healthy:
                    self.say(f"{server.name} is ready at {server.url}")

            keepers = [
                Keeper(
                    server,
                    self.logs / f"{server.name}.log",
                    self.most_restarts,
                    self.ready_within_s,
                    healthy,
                    changed,
                    self.say,
                )
                for server in self.servers
            ]
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._keep_all, keepers)
                    code = await self._until_done()
                    tasks.cancel_scope.cancel()
            finally:
                self.say("all servers have ended")
        return code

    async def _keep_all(self, keepers: Sequence[Keeper]) -> None:
        async with anyio.create_task_group() as tasks:
            for keeper in keepers:
                tasks.start_soon(keeper.keep)
        raise NoEndpointAvailable(
            "no server is left",
            where=str(self.logs),
            fix="The logs say why; flags behind `--` change how servers are started.",
        )

    async def _until_done(self) -> int:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            if self.then is None:
                async for _ in signals:
                    return 130
            process = await guarded(
                _words(self.then or ""), self._environment(), None, patience_s=COMMAND_PATIENCE_S
            )
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._forward, signals, process)
                    code = await process.wait()
                    tasks.cancel_scope.cancel()
            finally:
                await end(process)
        return code

    async def _forward(self, signals: AsyncIterator[signal.Signals], process: Process) -> None:
        async for number in signals:
            await forwarded(process, number)

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "FUNCDEX_ENDPOINTS": json.dumps([f"file:{self.endpoints_file.resolve()}"])}


def free_ports(host: str, base: int, count: int) -> tuple[int, ...]:
    """Ports from `base` on, or any that are free for 0. Raises ConfigError if one is taken: whoever answers
    there would be taken for the server."""
    opened: list[socket.socket] = []
    try:
        for number in range(count):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            one = socket.socket(family, socket.SOCK_STREAM)
            opened.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, base + number if base else 0))
        return tuple(one.getsockname()[1] for one in opened)
    except (OSError, OverflowError) as error:
        port = base + len(opened) - 1
        raise ConfigError(
            f"port {port} at {host} cannot be used: {error}", where="--port-base", fix="Name another."
        ) from error
    finally:
        for one in opened:
            one.close()


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"it cannot be read: {error}", where="--then", fix="Check its quotes.") from None
    if not words:
        raise ConfigError("it is empty", where="--then", fix="Name a command.")
    return words
