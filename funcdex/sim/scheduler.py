"""Slots and time: who runs, who waits, and how long a real server would have taken.

As in a server with continuous batching, every running request gets one token a step, however many run.
Requests beyond the slots wait in order of arrival, without limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter, current_time, sleep

# Sums of times are off by less; a token is not held back for that.
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Pace:
    """When the tokens of one request come. All times are in seconds from `started_s` on the loop's clock."""

    started_s: float
    prefill_s: float
    step_s: float

    def token_at_s(self, count: int) -> float:
        """When the first `count` tokens are there, on the loop's clock."""
        return self.started_s + self.prefill_s + count * self.step_s

    def tokens_by(self, now_s: float, total: int) -> int:
        """How many of `total` tokens are there by now."""
        decoding_s = now_s - self.started_s - self.prefill_s + _ROUNDING_S
        if decoding_s < self.step_s:
            return 0
        return min(total, int(decoding_s / self.step_s)) if self.step_s else total

    async def wait_for(self, count: int) -> None:
        """Until the first `count` tokens are there."""
        await sleep(max(0.0, self.token_at_s(count) - current_time()))


@dataclass(frozen=True, slots=True)
class SchedulerSnapshot:
    """How many requests run and wait, and the tokens that the running ones hold."""

    running: int
    waiting: int
    tokens_held: int


class Scheduler:
    """The slots of one server. Leaving `slot()`, in whichever way, frees it."""

    def __init__(self, *, slots: int, prefill_tokens_per_s: float, step_ms: float) -> None:
        self._slots = CapacityLimiter(slots)
        self._prefill_tokens_per_s = prefill_tokens_per_s
        self._step_s = step_ms / 1000
        self._tokens_held = 0

    @asynccontextmanager
    async def slot(self, prompt_tokens: int) -> AsyncIterator[Pace]:
        """Waits for a free slot, and holds it."""
        async with self._slots:
            self._tokens_held += prompt_tokens
            try:
                yield Pace(current_time(), prompt_tokens / self._prefill_tokens_per_s, self._step_s)
            finally:
                self._tokens_held -= prompt_tokens

    def snapshot(self) -> SchedulerSnapshot:
        """The state now."""
        state = self._slots.statistics()
        return SchedulerSnapshot(state.borrowed_tokens, state.tasks_waiting, self._tokens_held)
