"""The adaptive limiter against servers made of arithmetic: it finds their knee and stays there."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saturated.model_server import ModelServer, Work, batched_step, constant_step

from funcdex.endpoints.load import ServerLoad
from funcdex.pool.adaptive import AdaptiveLimiter

TOKEN_S = 0.01


def server_of(slots: int, **options: float) -> ModelServer:
    """`slots` requests at once, however many of them at the same speed; the others wait in its queue."""
    return ModelServer(slots, constant_step(TOKEN_S), **options)


def limits(
    limiter: AdaptiveLimiter,
    server: ModelServer,
    requests: int,
    *,
    poll_s: float | None = None,
    spread: int = 20,
) -> Iterator[int]:
    """The limit after each of so many answers, with more work at hand than the server can take."""
    rng = random.Random(5)
    polled_s = 0.0
    while requests > 0:
        while server.in_flight < limiter.limit(server.now_s):
            server.send(Work(rng.randint(50, 50 * spread), prompt_tokens=50))
        in_flight = server.in_flight
        now_s = server.next_s()
        for work in server.run_until(now_s):
            limiter.ended(
                sent_s=work.sent_s,
                latency_s=now_s - work.sent_s,
                tokens=int(work.tokens),
                in_flight=in_flight,
                now_s=now_s,
            )
            requests -= 1
            yield limiter.limit(now_s)
        if poll_s is not None and now_s >= polled_s + poll_s:
            polled_s = now_s
            load = ServerLoad(server.running, len(server.queue))
            limiter.observe(load, in_flight=server.in_flight, now_s=now_s)


@pytest.mark.parametrize("slots", [4, 32, 200, 700])
@pytest.mark.parametrize("start", [16, 128])
def test_it_finds_the_slots_of_a_server_that_says_nothing(slots: int, start: int) -> None:
    limiter = AdaptiveLimiter(start, most=2048, now_s=0.0)
    seen = list(limits(limiter, server_of(slots), 60 * max(slots, start)))
    late = seen[len(seen) // 2 :]
    assert 0.9 * slots <= sum(late) / len(late) <= 1.3 * slots + 16
    assert min(late) >= 0.7 * slots


@pytest.mark.parametrize("slots", [4, 64, 256])
def test_it_finds_the_slots_at_once_where_the_server_tells_its_queue(slots: int) -> None:
    limiter = AdaptiveLimiter(128, most=2048, now_s=0.0)
    seen = list(limits(limiter, server_of(slots), 20 * slots + 600, poll_s=1.0))
    late = seen[len(seen) // 2 :]
    assert slots <= min(late) and max(late) <= slots * 1.3 + 3


def test_it_is_throughput_and_not_slots_that_counts() -> None:
    # Beyond 100 at once every one more makes all slower by as much: nothing is gained.
    server = ModelServer(10_000, lambda running: TOKEN_S * max(1.0, running / 100))
    limiter = AdaptiveLimiter(16, most=4096, now_s=0.0)
    late = list(limits(limiter, server, 20_000))[10_000:]
    assert 80 <= min(late) and max(late) <= 200


def test_what_a_larger_batch_adds_is_taken_along() -> None:
    # As on a GPU: 8 ms to read the weights, and 0.027 ms for each request.
    server = ModelServer(2048, step := batched_step(0.008, 0.008 / 300))
    limiter = AdaptiveLimiter(128, most=2048, now_s=0.0)
    late = list(limits(limiter, server, 24_000))[12_000:]
    middle = sum(late) / len(late)
    assert middle / step(int(middle)) >= 0.75 * 2048 / step(2048)


def test_a_server_whose_memory_is_full_gets_little_more_than_it_holds() -> None:
    # Room for about 128 half-written answers.
    server = ModelServer(1024, batched_step(0.008, 0.008 / 300), kv_tokens=40_000)
    limiter = AdaptiveLimiter(64, most=2048, now_s=0.0)
    late = list(limits(limiter, server, 6_000))[3_000:]
    assert 64 <= sum(late) / len(late) <= 400


def test_it_keeps_the_server_busy_while_it_learns() -> None:
    server = server_of(128)
    limiter = AdaptiveLimiter(64, most=2048, now_s=0.0)
    for _ in limits(limiter, server, 6000):
        pass
    assert server.written >= 0.93 * server.slots / TOKEN_S * server.now_s


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
    limiter, server = AdaptiveLimiter(128, most=2048, now_s=0.0), server_of(32)
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
