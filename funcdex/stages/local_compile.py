"""Compiles grammars here, beside the event loop, before any server sees them."""

from __future__ import annotations

import json
import signal
import sys
from subprocess import DEVNULL, PIPE
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from funcdex.grammar.compile_process import LIMIT_S

_LONGEST_ANSWER_BYTES = 1_000_000
_SENT_BY_OTHERS = (-signal.SIGKILL, -signal.SIGTERM)
"""Deaths that say nothing of the grammar, unless they come twice: memory is short, or somebody tidies up."""


class LocalCompiler:
    """One process that compiles for at most `limit_s` each time: started when it is first needed and
    whenever it has died; ended with the block."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._process: Process | None = None
        self._one_at_a_time = anyio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end(kill=True)

    async def fault_of(self, lark: str) -> str | None:
        """Why a grammar cannot be used; None if it can."""
        async with self._one_at_a_time:
            status = None
            for _ in range(2):
                try:
                    return await self._ask(lark.encode())
                except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
                    status = await self._end(kill=False)
                except BaseException:
                    # Its answer would be taken for that of the next question.
                    await self._end(kill=True)
                    raise
                if status not in _SENT_BY_OTHERS:
                    break
            return self._cause_of_death(status)

    async def _ask(self, text: bytes) -> str | None:
        process = self._process or await self._start()
        assert process.stdin is not None and process.stdout is not None
        await process.stdin.send(b"%d\n" % len(text) + text)
        answers = BufferedByteReceiveStream(process.stdout)
        fault: str | None = json.loads(await answers.receive_until(b"\n", _LONGEST_ANSWER_BYTES))
        return fault

    async def _start(self) -> Process:
        # A session of its own: an interrupt from the terminal is the parent's to handle.
        command = [sys.executable, "-m", "funcdex.grammar.compile_process", str(self._limit_s)]
        self._process = await anyio.open_process(
            command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
        return self._process

    async def _end(self, *, kill: bool) -> int | None:
        """Its exit status. Without `kill` it has ended already, or ends as its input does."""
        process, self._process = self._process, None
        if process is None:
            return None
        with anyio.CancelScope(shield=True):
            if kill and process.returncode is None:
                process.kill()
            await process.aclose()
        return process.returncode

    def _cause_of_death(self, status: int | None) -> str:
        if status == -signal.SIGALRM:
            return f"compiling it takes longer than {self._limit_s:g} s"
        return f"compiling it ended the compiler ({_named(status)}): it is nested too deep, or too large"


def _named(status: int | None) -> str:
    try:
        return signal.Signals(-(status or 0)).name
    except ValueError:
        return f"exit status {status}"
