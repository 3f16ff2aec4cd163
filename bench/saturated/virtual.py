"""An event loop whose time jumps to the next timer as soon as nothing else is ready.

Hours of waiting pass in the time that the code between the waits takes, and the same program does the same
thing each time. Nothing may wait for a thread or a socket: what is not on the loop's clock never comes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Where asyncio would sleep, time passes instead."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for something that is not on this clock")
        self.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's loop on a clock of its own, in seconds from 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """The virtual time."""
        return self._jumping.now_s


def run_virtually(main: Callable[[], Awaitable[T]]) -> T:
    """What `main` returns; inside, `anyio.current_time` and `anyio.sleep` are virtual."""
    return anyio.run(main, backend_options={"loop_factory": VirtualLoop})
