"""Finds how many requests an endpoint works on best, and stays there.

Throughput is told by Little's law: requests in flight, times tokens written, by seconds spent. Unlike a
count of what ended in a while it hardly depends on which answers happened to be long. The limiter holds one
limit (home), tries another now and then, and moves if that was worth it: up if a good part of the added
requests showed in the throughput, down if hardly any throughput was lost. Each trial that was not worth it
doubles the pause before the next, so a limit that is right is left alone.

What a server says of itself goes before what can be guessed: requests that wait there are too many here,
and a server that preempts thrashes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from funcdex.endpoints.load import ServerLoad

GROWTH = 2.0
"""Factor of a trial upwards while nothing has been refused yet."""
STEP = 1.25
"""Factor of later trials, up and down."""
WORTH = 0.3
"""Share of the added requests that has to show in the throughput."""
HARMLESS = 0.05
"""Share of the throughput that a trial downwards may lose."""
MOST_PATIENCE = 32
FEWEST_SAMPLES = 128
BUSY = 0.85
"""Below this share of its limit an endpoint was short of work, and a window tells nothing about the limit."""
PREEMPTION_PAUSE_S = 60.0


@dataclass(slots=True)
class _Window:
    """Requests that ended while one limit was in force, but for the first `skipped`, sent under another."""

    skipped: int
    ended: int = 0
    in_flight: int = 0
    tokens: float = 0.0
    latency_s: float = 0.0

    @property
    def mean_in_flight(self) -> float:
        return self.in_flight / self.ended

    @property
    def tokens_per_s(self) -> float:
        return self.mean_in_flight * self.tokens / self.latency_s if self.latency_s else 0.0


class AdaptiveLimiter:
    """`start` requests to begin with, never more than `most`. Time comes in as seconds of one clock."""

    def __init__(self, start: int, *, most: int, now_s: float) -> None:
        self._most = most
        self._home = self._limit = max(1, min(start, most))
        self._rate: float | None = None
        self._upwards = True
        self._factor = GROWTH
        self._patience = 1
        self._pause = 0
        self._window = _Window(skipped=self._limit)
        self._cut_s = -math.inf
        self._no_growth_until_s = -math.inf
        self._preemptions: int | None = None
        self._queued_before = False
        self._full_at: int | None = None

    def limit(self, now_s: float) -> int:
        """The most requests in flight just now, at least 1."""
        return self._limit

    def overloaded(self, *, sent_s: float, in_flight: int, now_s: float) -> None:
        """The server refused a request that was sent at `sent_s`. Of many at once only the first counts."""
        if sent_s >= self._cut_s:
            self._settle(min(self._limit, int(in_flight * 0.8)), now_s)
            self._cut_s = now_s

    def ended(self, *, sent_s: float, latency_s: float, tokens: int, in_flight: int, now_s: float) -> None:
        """A request was answered; `in_flight` counts it in."""
        window = self._window
        if window.skipped > 0:
            window.skipped -= 1
            return
        window.ended += 1
        window.in_flight += in_flight
        window.tokens += tokens
        window.latency_s += latency_s
        if window.ended >= max(FEWEST_SAMPLES, self._limit):
            self._window = _Window(skipped=0)
            if window.mean_in_flight >= BUSY * self._limit:
                self._judge(window.tokens_per_s, now_s)

    def observe(self, load: ServerLoad, *, in_flight: int, now_s: float) -> None:
        """What the server says of itself just now, with `in_flight` of ours there."""
        preempts = None not in (load.preemptions, self._preemptions) and load.preemptions != self._preemptions
        self._preemptions = load.preemptions
        slack = max(2, math.ceil(load.running * 0.05))
        queues = load.waiting > slack
        if preempts:
            self._settle(min(self._limit, int(load.running * 0.9)), now_s)
            self._no_growth_until_s = now_s + PREEMPTION_PAUSE_S
        elif queues and self._queued_before and in_flight >= BUSY * self._limit:
            self._full_at = load.running
            self._settle(min(self._limit, load.running + slack), now_s)
        elif self._full_at is not None and not load.waiting and load.running >= self._limit - slack:
            # It was full at fewer once, and is not now: somebody else has left.
            self._settle(min(self._most, load.running + slack), now_s)
        self._queued_before = queues

    def _judge(self, rate: float, now_s: float) -> None:
        if self._limit == self._home:
            self._rate = rate if self._rate is None else (self._rate + rate) / 2
            self._pause -= 1
            if self._pause < 0 and self._full_at is None:
                self._try(now_s)
            return
        assert self._rate is not None
        added = self._limit / self._home - 1
        least = 1 + WORTH * added if added > 0 else 1 - HARMLESS
        if rate >= self._rate * least:
            self._home, self._rate = self._limit, rate
            self._try(now_s)
        else:
            self._turn_back(now_s)

    def _try(self, now_s: float) -> None:
        """Begins a trial in the present direction, or in the other one if there is no way on."""
        wanted = self._next_limit(now_s)
        if wanted == self._home:
            self._turn_back(now_s)
            return
        self._begin(wanted)

    def _next_limit(self, now_s: float) -> int:
        if not self._upwards:
            return max(1, math.floor(self._home / STEP))
        if now_s < self._no_growth_until_s:
            return self._home
        return min(self._most, math.ceil(self._home * self._factor))

    def _begin(self, limit: int) -> None:
        # Those in flight answer to the limit of before; one turn of all of them, and that is over.
        self._window = _Window(skipped=max(limit, self._limit))
        self._limit = limit

    def _turn_back(self, now_s: float) -> None:
        self._begin(self._home)
        self._upwards = not self._upwards
        self._factor = STEP
        self._pause = self._patience
        self._patience = min(MOST_PATIENCE, self._patience * 2)

    def _settle(self, limit: int, now_s: float) -> None:
        """A new home that was not found by trial."""
        self._home = max(1, limit)
        self._begin(self._home)
        self._rate = None
        self._factor = STEP
        self._pause = self._patience
