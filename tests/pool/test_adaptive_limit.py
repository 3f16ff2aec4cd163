"""The adaptive limiter against servers made of arithmetic: it finds their knee and stays there."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.endpoints.load import ServerLoad
from funcdex.pool.adaptive import AdaptiveLimiter


@dataclass
class Server:
    """`slots` requests at once, the others wait in its queue. A token takes `token_s` while few run; `slow`
    says how much longer with n of them running."""

    slots: int
    token_s: float = 0.01
    slow: Callable[[int], float] = lambda running: 1.0
    now_s: float = 0.0
    written: int = 0
    running: list[tuple[float, int, float]] = field(default_factory=list)
    queue: deque[tuple[int, float]] = field(default_factory=deque)

    @property
    def in_flight(self) -> int:
        return len(self.running) + len(self.queue)

    def send(self, tokens: int) -> None:
        self.queue.append((tokens, self.now_s))
        self._fill()

    def next_answer(self) -> tuple[int, float]:
        """Tokens, and when it had been sent; time goes on to its end."""
        self.now_s, tokens, sent_s = heapq.heappop(self.running)
        self.written += tokens
        self._fill()
        return tokens, sent_s

    def _fill(self) -> None:
        while self.queue and len(self.running) < self.slots:
            tokens, sent_s = self.queue.popleft()
            seconds = tokens * self.token_s * self.slow(len(self.running) + 1)
            heapq.heappush(self.running, (self.now_s + seconds, tokens, sent_s))


def limits(
    limiter: AdaptiveLimiter, server: Server, requests: int, *, poll_s: float | None = None, spread: int = 20
) -> Iterator[int]:
    """The limit after each of so many answers, with more work at hand than the server can take."""
    rng = random.Random(5)
    polled_s = 0.0
    for _ in range(requests):
        while server.in_flight < limiter.limit(server.now_s):
            server.send(rng.randint(50, 50 * spread))
        in_flight = server.in_flight
        tokens, sent_s = server.next_answer()
        now_s = server.now_s
        limiter.ended(
            sent_s=sent_s, latency_s=now_s - sent_s, tokens=tokens, in_flight=in_flight, now_s=now_s
        )
        if poll_s is not None and now_s >= polled_s + poll_s:
            polled_s = now_s
            load = ServerLoad(len(server.running), len(server.queue))
            limiter.observe(load, in_flight=server.in_flight, now_s=now_s)
        yield limiter.limit(now_s)


@pytest.mark.parametrize("slots", [4, 32, 200, 700])
@pytest.mark.parametrize("start", [16, 128])
def test_it_finds_the_slots_of_a_server_that_says_nothing(slots: int, start: int) -> None:
    limiter = AdaptiveLimiter(start, most=2048, now_s=0.0)
    seen = list(limits(limiter, Server(slots), 60 * max(slots, start)))
    late = seen[len(seen) // 2 :]
    assert 0.9 * slots <= sum(late) / len(late) <= 1.3 * slots + 10
    assert min(late) >= 0.7 * slots


@pytest.mark.parametrize("slots", [4, 64, 256])
def test_it_finds_the_slots_at_once_where_the_server_tells_its_queue(slots: int) -> None:
    limiter = AdaptiveLimiter(128, most=2048, now_s=0.0)
    seen = list(limits(limiter, Server(slots), 20 * slots + 600, poll_s=1.0))
    late = seen[len(seen) // 2 :]
    assert slots <= min(late) and max(late) <= slots * 1.3 + 3


def test_it_is_throughput_and_not_slots_that_counts() -> None:
    # Beyond 100 at once every one more makes all slower by as much: nothing is gained.
    server = Server(10_000, slow=lambda running: max(1.0, running / 100))
    limiter = AdaptiveLimiter(16, most=4096, now_s=0.0)
    late = list(limits(limiter, server, 20_000))[10_000:]
    assert 80 <= min(late) and max(late) <= 200


def test_it_keeps_the_server_busy_while_it_learns() -> None:
    server = Server(128)
    limiter = AdaptiveLimiter(64, most=2048, now_s=0.0)
    for _ in limits(limiter, server, 6000):
        pass
    assert server.written >= 0.93 * server.slots / server.token_s * server.now_s


def test_a_refusal_lowers_the_limit_once_however_many_come_together() -> None:
    limiter = AdaptiveLimiter(100, most=1000, now_s=0.0)
    for _ in range(30):
        limiter.overloaded(sent_s=1.0, in_flight=100, now_s=2.0)
    assert limiter.limit(2.0) == 80
    limiter.overloaded(sent_s=3.0, in_flight=80, now_s=4.0)
    assert limiter.limit(4.0) == 64


def test_a_server_that_preempts_gets_less_and_no_more_for_a_while() -> None:
    limiter = AdaptiveLimiter(100, most=1000, now_s=0.0)
    limiter.observe(ServerLoad(100, 0, preemptions=7), in_flight=100, now_s=1.0)
    assert limiter.limit(1.0) == 100
    limiter.observe(ServerLoad(100, 0, preemptions=9), in_flight=100, now_s=2.0)
    assert limiter.limit(2.0) == 90


def test_too_little_work_teaches_nothing() -> None:
    limiter = AdaptiveLimiter(64, most=1000, now_s=0.0)
    for number in range(1000):
        now_s = float(number)
        limiter.ended(sent_s=now_s - 1, latency_s=1.0, tokens=100, in_flight=5, now_s=now_s)
    assert limiter.limit(1000.0) == 64


def test_capacity_that_comes_back_is_used() -> None:
    limiter, server = AdaptiveLimiter(128, most=2048, now_s=0.0), Server(32)
    assert list(limits(limiter, server, 2000, poll_s=1.0))[-1] < 50
    server.slots = 128
    assert list(limits(limiter, server, 12_000, poll_s=1.0))[-1] >= 128


events = st.one_of(
    st.tuples(st.just("ended"), st.floats(0, 50), st.integers(0, 5000), st.integers(1, 3000)),
    st.tuples(st.just("overloaded"), st.floats(0, 50), st.just(0), st.integers(1, 3000)),
    st.tuples(st.just("load"), st.floats(0, 50), st.integers(0, 3000), st.integers(0, 3000)),
)


@settings(deadline=None)
@given(start=st.integers(1, 5000), most=st.integers(1, 4096), happened=st.lists(events, max_size=200))
def test_the_limit_stays_between_one_and_the_most(
    start: int, most: int, happened: list[tuple[str, float, int, int]]
) -> None:
    limiter, now_s = AdaptiveLimiter(start, most=most, now_s=0.0), 0.0
    for kind, seconds, amount, in_flight in happened:
        now_s += seconds
        if kind == "ended":
            limiter.ended(
                sent_s=now_s - seconds, latency_s=seconds, tokens=amount, in_flight=in_flight, now_s=now_s
            )
        elif kind == "overloaded":
            limiter.overloaded(sent_s=now_s - seconds, in_flight=in_flight, now_s=now_s)
        else:
            limiter.observe(ServerLoad(amount, in_flight, preemptions=amount), in_flight=amount, now_s=now_s)
        assert 1 <= limiter.limit(now_s) <= most
