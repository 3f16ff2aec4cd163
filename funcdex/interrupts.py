"""What SIGINT and SIGTERM do to a run, at whatever moment they come.

| signal | while conversations are written | otherwise |
| --- | --- | --- |
| first | nothing more is sent; after `drain_timeout_s` what is in flight is broken off | ends at once |
| second | what is in flight is broken off | |
| third | the process ends as it stands | |

Whatever hangs, be it a thread, a process or a disk, holds the exit for LAST_RESORT_S at most. Nothing is lost
by that: what was acknowledged is durable, and what was not is done again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

LAST_RESORT_S = 5.0
"""For files to be closed, and processes to be ended."""

EXIT_CODE = 130
_SIGNALS_TO_KILL = 3


class Interrupts:
    """The signals of one run. `say` tells the user; `count` is how many came. `goes_on` tells how to."""

    def __init__(
        self, drain_timeout_s: float, say: Callable[[str], None], goes_on: str = "`funcdex resume` goes on"
    ) -> None:
        self.count = 0
        self._goes_on = goes_on
        self._drain_timeout_s = drain_timeout_s
        self._say = say
        self._drain: Callable[[], None] | None = None
        self._scope = anyio.CancelScope()

    async def watch(self, whole: anyio.CancelScope) -> None:
        """Until it is cancelled. `whole` is broken off where nothing can be drained."""
        self._scope = whole
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as timer:
                async for _ in signals:
                    self.count += 1
                    if self.count >= _SIGNALS_TO_KILL:
                        _exit(self._goes_on)
                    if self.count > 1 or self._drain is None:
                        self._say(f"stopping; {self._goes_on}")
                        self._stop()
                        continue
                    self._say(
                        f"finishing what is in flight, for {self._drain_timeout_s:g} s at most; "
                        "once more stops at once"
                    )
                    self._drain()
                    timer.start_soon(self._stop_later)

    @contextmanager
    def draining(self, drain: Callable[[], None], scope: anyio.CancelScope) -> Iterator[None]:
        """In this block the first signal calls `drain`, and `scope` is what is broken off."""
        before = self._scope
        self._drain, self._scope = drain, scope
        try:
            yield
        finally:
            self._drain, self._scope = None, before

    async def _stop_later(self) -> None:
        await anyio.sleep(self._drain_timeout_s)
        self._say("time is up: what is in flight is broken off")
        self._stop()

    def _stop(self) -> None:
        self._scope.cancel()
        # A thread, because the event loop waits for threads of its own, and the interpreter for all of them.
        last_resort = threading.Timer(LAST_RESORT_S, _exit, [self._goes_on])
        last_resort.daemon = True
        last_resort.start()


def _exit(goes_on: str) -> None:
    sys.stderr.write(f"something did not end by itself; what was recorded is kept, {goes_on}\n")
    sys.stderr.flush()
    os._exit(EXIT_CODE)
