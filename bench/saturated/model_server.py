"""An inference server made of arithmetic: slots, a queue, and tokens that take longer the more requests run.

All running requests get a token a step, as with continuous batching; a step takes `step_s(running)` seconds.
So one counter of tokens serves all of them, and the next to end is on top of a heap. Where `kv_tokens` is
given, prompts and answers share so many tokens of memory, and when it is full the request that was begun last
starts anew.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

_ROUNDING_TOKENS = 1e-6
_KEPT_FREE = 0.02
"""Share of the memory that no request is begun in: or the one that was preempted would come back at once."""


@dataclass(slots=True, eq=False)
class Work:
    """One request: its answer's length. `sent_s` is when it came, `ended_s` when it was answered."""

    tokens: float
    prompt_tokens: float = 0.0
    sent_s: float = 0.0
    ended_s: float = math.nan
    ends_at: float = math.inf
    """Where the server's counter stands when it ends; infinite while it waits."""


def constant_step(step_s: float) -> Callable[[int], float]:
    """A step that takes the same time however many run: slots are all there is."""
    return lambda running: step_s


def batched_step(least_s: float, each_s: float) -> Callable[[int], float]:
    """A step as on a GPU: weights are read once, and each request adds its part."""
    return lambda running: least_s + each_s * running


class ModelServer:
    """Time goes on with `run_until` and never back. `busy_s` are slot-seconds spent, `written` the tokens of
    answers that ended, `preempted` requests that started anew."""

    def __init__(
        self, slots: int, step_s: Callable[[int], float], *, kv_tokens: float = math.inf, now_s: float = 0.0
    ) -> None:
        self.slots = slots
        self.now_s = now_s
        self.busy_s = self.written = 0.0
        self.preempted = 0
        self.queue: deque[Work] = deque()
        self._step_s = step_s
        self._kv_tokens = kv_tokens
        self._counter = 0.0
        self._running: list[tuple[float, int, Work]] = []
        self._begun: dict[Work, float] = {}
        self._held = 0.0
        self._number = 0

    @property
    def running(self) -> int:
        """Requests that run."""
        return len(self._begun)

    @property
    def in_flight(self) -> int:
        """Those that run and those that wait."""
        return len(self._begun) + len(self.queue)

    def send(self, work: Work) -> None:
        """A request comes now."""
        work.sent_s = self.now_s
        self.queue.append(work)
        self._admit()

    def next_s(self) -> float:
        """When the next request ends or is preempted, if none comes before; infinite if none runs."""
        if not self._begun:
            return math.inf
        return self.now_s + max(0.0, self._tokens_to_next()) * self._step_s(len(self._begun))

    def run_until(self, until_s: float) -> list[Work]:
        """The requests that end by then, in order."""
        ended: list[Work] = []
        while (next_s := self.next_s()) <= until_s:
            self._move(next_s)
            while self._running and self._running[0][0] <= self._counter + _ROUNDING_TOKENS:
                self._end(ended)
            if self._free() <= _ROUNDING_TOKENS:
                self._preempt()
            self._admit()
        self._move(until_s)
        return ended

    def _tokens_to_next(self) -> float:
        while self._running[0][0] != self._running[0][2].ends_at:
            heappop(self._running)  # Preempted since.
        to_end = self._running[0][0] - self._counter
        return min(to_end, self._free() / len(self._begun))

    def _move(self, to_s: float) -> None:
        running = len(self._begun)
        if running and to_s > self.now_s:
            self._counter += (to_s - self.now_s) / self._step_s(running)
            self.busy_s += running * (to_s - self.now_s)
        self.now_s = max(self.now_s, to_s)

    def _free(self) -> float:
        return self._kv_tokens - self._held - len(self._begun) * self._counter

    def _admit(self) -> None:
        while self.queue and len(self._begun) < self.slots and self._has_memory_for(self.queue[0]):
            work = self.queue.popleft()
            self._number += 1
            work.ends_at = self._counter + work.tokens
            self._begun[work] = self._counter
            self._held += work.prompt_tokens - self._counter
            heappush(self._running, (work.ends_at, self._number, work))

    def _has_memory_for(self, work: Work) -> bool:
        kept_free = _KEPT_FREE * self._kv_tokens if self._begun and self._kv_tokens < math.inf else 0.0
        return self._free() > work.prompt_tokens + kept_free

    def _leave(self, work: Work) -> None:
        self._held -= work.prompt_tokens - self._begun.pop(work)
        work.ends_at = math.inf

    def _end(self, ended: list[Work]) -> None:
        ends_at, _, work = heappop(self._running)
        if ends_at != work.ends_at:
            return
        self._leave(work)
        work.ended_s = self.now_s
        self.written += work.tokens
        ended.append(work)

    def _preempt(self) -> None:
        if len(self._begun) > 1:
            last = next(reversed(self._begun))
            self._leave(last)
            self.queue.appendleft(last)
            self.preempted += 1
        else:
            raise ValueError("an answer that is longer than the server's memory")
