"""Gives the answers of an arithmetic server when they are due, by the clock of the running event loop."""

from __future__ import annotations

import asyncio
import math

from saturated.model_server import ModelServer, Work


class Answers:
    """Those of `server`. A request that is called off goes on there, as in servers that notice it late."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._due: dict[Work, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait_for(self, tokens: int) -> None:
        """Returns when an answer of so many tokens is there."""
        work = Work(tokens)
        self.look()
        answer = self._due[work] = self._loop.create_future()
        self._server.send(work)
        self._arm()
        await answer

    def look(self) -> None:
        """Gives what is due."""
        # Sums of times are off by less; nobody is kept waiting for that.
        for work in self._server.run_until(self._loop.time() + 1e-9):
            answer = self._due.pop(work)
            if not answer.done():
                answer.set_result(None)

    def _arm(self) -> None:
        next_s = self._server.next_s()
        if self._timer is not None:
            if self._timer.when() == next_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(next_s, self._wake) if next_s < math.inf else None

    def _wake(self) -> None:
        self._timer = None
        self.look()
        self._arm()
