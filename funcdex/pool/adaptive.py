"""Finds how many requests an endpoint works on best, and stays there.

Throughput is told by Little's law: requests in flight, times tokens written, by seconds spent. Unlike a
count of what ended in a while it hardly depends on which answers happened to be long. The limiter holds one
limit (home), tries another now and then, and moves if that was worth it: up if a part of the added requests
showed in the throughput, down if next to none was lost. Each trial that was not worth it doubles the pause
before the next, so a limit that is right is left alone.

The two errors are not alike. What is too much waits in the server's queue and costs latency; what is too
little leaves the server idle. So it opens by doubling, once for each turn of answers, for as long as all are
needed, and what it gives up is bounded from below: no server carries a throughput with fewer in flight than
that throughput times the shortest time that a token ever took (`_needed`).

What a server says of itself goes before what can be guessed: requests that wait there are too many here,
and a server that preempts thrashes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from funcdex.endpoints.load import ServerLoad

DOUBLING = 2.0
"""Factor of a trial upwards while nothing has been refused yet."""
STEP_UP = 1.5
STEP_DOWN = 1.25
"""Factors of later trials."""
WORTH = 0.15
"""Share of the added requests that has to show in the throughput."""
CLEAR = 0.6
"""The same after one turn, of which the first answers saw the server less full."""
HARMLESS = 0.05
"""Share of the throughput that a trial downwards may lose."""
SLACK = 0.05
"""How many more than needed are kept in flight, so that a slot finds the next request waiting."""
QUEUES = 0.9
"""With less than this share of them needed, the others evidently wait there."""
MOST_PATIENCE = 32
FEWEST_SAMPLES = 128
PIECE = 32
"""Answers in a row of which the time a token takes is told."""
BUSY = 0.85
"""Below this share of its limit an endpoint was short of work, and a window tells nothing about the limit."""
PREEMPTION_PAUSE_S = 60.0


@dataclass(slots=True)
class _Window:
    """Requests that ended one after the other."""

    ended: int = 0
    in_flight: int = 0
    tokens: float = 0.0
    latency_s: float = 0.0

    def add(self, latency_s: float, tokens: int, in_flight: int) -> None:
        self.ended += 1
        self.in_flight += in_flight
        self.tokens += tokens
        self.latency_s += latency_s

    def was_busy(self, limit: int) -> bool:
        return self.in_flight >= BUSY * limit * self.ended

    @property
    def s_per_token(self) -> float:
        return self.latency_s / self.tokens if self.tokens else math.inf

    @property
    def tokens_per_s(self) -> float:
        return self.in_flight / self.ended / self.s_per_token if self.latency_s else 0.0


class AdaptiveLimiter:
    """`start` requests to begin with, never more than `most`. Time comes in as seconds of one clock."""

    def __init__(self, start: int, *, most: int, now_s: float) -> None:
        self._most = most
        self._home = self._limit = max(1, min(start, most))
        self._rate: float | None = None
        self._s_per_token = math.inf  # the least seen
        self._upwards = True
        self._opening = True
        self._patience = 1
        self._pause = 0
        self._begun_s = now_s
        self._turn_left = self._limit
        self._window = _Window()
        self._piece = _Window()
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
        self._look_at_speed(latency_s, tokens, in_flight)
        window = self._window
        if self._turn_left > 0:
            # Those in flight answer to the limit of before: one turn of all of them, and that is over.
            self._turn_left -= 1
            if sent_s >= self._begun_s:
                window.add(latency_s, tokens, in_flight)
            if not self._turn_left:
                self._window = _Window()
                if self._is_clear(window):
                    self._move_home(window.tokens_per_s, now_s)
            return
        window.add(latency_s, tokens, in_flight)
        if window.ended >= max(FEWEST_SAMPLES, self._limit):
            self._window = _Window()
            if window.was_busy(self._limit):
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

    def _look_at_speed(self, latency_s: float, tokens: int, in_flight: int) -> None:
        piece = self._piece
        piece.add(latency_s, tokens, in_flight)
        if piece.ended >= PIECE:
            self._s_per_token = min(self._s_per_token, piece.s_per_token)
            self._piece = _Window()

    def _needed(self, rate: float) -> int:
        """The fewest in flight that can carry a throughput, and some slack."""
        return math.ceil(rate * self._s_per_token * (1 + SLACK)) if self._s_per_token < math.inf else 1

    def _is_clear(self, window: _Window) -> bool:
        """Whether a doubling, or the start, pays so well that the second turn need not be waited for."""
        if not (self._opening and window.ended >= FEWEST_SAMPLES // 2 and window.was_busy(self._limit)):
            return False
        if self._rate is None:
            return self._all_needed(window.tokens_per_s)
        return window.tokens_per_s >= self._rate * (1 + CLEAR * (self._limit / self._home - 1))

    def _all_needed(self, rate: float) -> bool:
        return self._needed(rate) >= QUEUES * self._limit

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
            self._move_home(rate, now_s)
        elif self._home < (needed := self._needed(rate)) < self._limit and rate > self._rate:
            # More than at home, and less than all of this would do.
            self._opening = False
            self._begin(needed, now_s)
        else:
            self._turn_back(now_s)

    def _move_home(self, rate: float, now_s: float) -> None:
        """This limit is worth it: home is here, and the next trial begins."""
        self._home, self._rate = self._limit, rate
        self._try(now_s)

    def _try(self, now_s: float) -> None:
        """Begins a trial in the present direction, or in the other one if there is no way on."""
        assert self._rate is not None
        if self._opening and not self._all_needed(self._rate):
            # The shortest time of a token was seen just now, so one step goes all the way.
            self._opening = self._upwards = False
            wanted = self._needed(self._rate)
        else:
            wanted = self._next_limit(self._needed(self._rate), now_s)
        if wanted == self._home:
            self._turn_back(now_s)
            return
        self._begin(wanted, now_s)

    def _next_limit(self, needed: int, now_s: float) -> int:
        if not self._upwards:
            return max(1, min(self._home, max(needed, math.floor(self._home / STEP_DOWN))))
        if now_s < self._no_growth_until_s:
            return self._home
        return min(self._most, math.ceil(self._home * (DOUBLING if self._opening else STEP_UP)))

    def _begin(self, limit: int, now_s: float) -> None:
        self._window = _Window()
        self._turn_left = max(limit, self._limit)
        self._begun_s = now_s
        self._limit = limit

    def _turn_back(self, now_s: float) -> None:
        if self._opening:
            # Home may be full to the last slot: the slack is given once, and never grows on itself.
            self._home = min(self._most, max(self._home, self._needed(self._rate or 0.0)))
        self._begin(self._home, now_s)
        self._upwards = not self._upwards
        self._opening = False
        self._pause = self._patience
        self._patience = min(MOST_PATIENCE, self._patience * 2)

    def _settle(self, limit: int, now_s: float) -> None:
        """A new home that was not found by trial."""
        self._home = max(1, limit)
        self._begin(self._home, now_s)
        self._rate = None
        self._opening = False
        self._pause = self._patience
