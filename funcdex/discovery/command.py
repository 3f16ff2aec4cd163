"""Endpoints that a program prints: the list as in a file, on standard output.

No shell reads the command, what it prints is bounded, and it has so long and no longer; then it ends with
all that it started.
"""

from __future__ import annotations

import os
import shlex
import signal
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import ByteReceiveStream, Process

from funcdex.discovery.listing import MOST_BYTES, decoded, specs_of
from funcdex.errors import DiscoveryError
from funcdex.printable import one_line
from funcdex.settings.endpoint_spec import EndpointSpec

_MOST_SAID_BYTES = 4096
_MOST_SHOWN_CHARS = 300
_FIX = "Run it by hand: it has to print a list of endpoints and end with 0."


class CommandSource:
    """`command` as one types it, with quotes but without variables, pipes and the like."""

    def __init__(self, command: str, options: EndpointSpec, timeout_s: float) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise DiscoveryError(f"the command cannot be read: {error}", where="command:", fix=_FIX) from None
        self._options = options
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """The program alone: its arguments may hold what is nobody's business."""
        return f"command:{self._words[0] if self._words else ''}"

    async def listed(self) -> tuple[EndpointSpec, ...]:
        """What the program prints. Raises DiscoveryError."""
        try:
            process = await anyio.open_process(
                self._words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
            )
        except (OSError, ValueError, IndexError) as error:
            raise self._failed(f"the command does not start: {error}") from error
        try:
            with anyio.fail_after(self._timeout_s):
                printed = await self._printed(process)
        except TimeoutError:
            raise self._failed(f"the command is not done after {self._timeout_s:g} s") from None
        finally:
            await _end(process)
        return specs_of(decoded(printed, self.name), self.name, self._options)

    async def _printed(self, process: Process) -> bytes:
        assert process.stdout is not None and process.stderr is not None
        said = bytearray()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_drain, process.stderr, said)
            printed = await _read(process.stdout)
            if printed is not None:
                await process.wait()
            # What it left behind may hold standard error open.
            tasks.cancel_scope.cancel()
        if printed is None:
            raise self._failed(f"the command prints more than {MOST_BYTES:,} bytes")
        if process.returncode != 0:
            why = one_line(said.decode(errors="replace"), _MOST_SHOWN_CHARS)
            raise self._failed(f"the command ended with {process.returncode}: {why or 'it says nothing'}")
        return printed

    def _failed(self, what: str) -> DiscoveryError:
        return DiscoveryError(what, where=self.name, fix=_FIX)


async def _read(stream: ByteReceiveStream) -> bytes | None:
    """All that comes; None if that is too much."""
    data = bytearray()
    async for chunk in stream:
        data += chunk
        if len(data) > MOST_BYTES:
            return None
    return bytes(data)


async def _drain(stream: ByteReceiveStream, kept: bytearray) -> None:
    """Reads on, so that the program never waits, and keeps the end of it."""
    async for chunk in stream:
        kept += chunk
        del kept[:-_MOST_SAID_BYTES]


async def _end(process: Process) -> None:
    """With all that it started, which is in its process group."""
    with anyio.CancelScope(shield=True):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # It has ended, and left nothing behind.
        await process.aclose()
