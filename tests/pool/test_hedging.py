"""The last requests of a run: sent twice where that helps, answered once, and for little."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

import anyio
import httpx
import pytest
from endpoints.scripted_server import ScriptedServer, fails, serving, stalls, until
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.pool.flight import Flight
from funcdex.pool.hedging import BEYOND, FEWEST, LAST, SHARE, Tail, next_hedge
from funcdex.pool.limiter import FixedLimiter
from funcdex.pool.member import Member
from funcdex.pool.waiting import Job
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.manual_clock import ManualClock
from pool.pool_tools import Running, pool_over, request, served

NOW_S = 1000.0
WORK = 10_000.0


def tail_after(*took_s: float, tokens: float = WORK) -> Tail:
    tail = Tail()
    for seconds in took_s:
        tail.answered("scenario", seconds, tokens)
    return tail


def members(count: int, *, limit: int = 4) -> list[Member]:
    found = []
    for place in range(count):
        spec = EndpointSpec(url=f"http://endpoint{place}.test")
        client = EndpointClient(spec, httpx.MockTransport(lambda http: httpx.Response(200)))
        member = Member(client, 1 << place, PoolSettings(), NOW_S)
        facts = EndpointFacts(spec.url, "vllm", "1", "m", ("m",), None, None, "lark", enforces=True)
        member.join(facts, FixedLimiter(limit))
        found.append(member)
    return found


def flight(
    member: Member, *, since_s: float, serving: int = -1, avoid: int = 0, tokens: float = 10
) -> Flight:
    job = Job(request(), 1, serving, tokens=tokens, avoid=avoid)
    lease = member.lease(tokens, NOW_S - since_s)
    return Flight(job, lease, streamed=False, load=1, heard_s=lease.sent_s)


def test_late_is_twice_what_all_but_a_tenth_took() -> None:
    tail = tail_after(*[float(seconds) for seconds in range(100)])
    assert tail.late_after_s("scenario", in_flight=1) == BEYOND * 90.0
    assert tail.late_after_s("judge", in_flight=1) == inf


def test_none_is_late_while_many_are_in_flight_or_few_have_ended() -> None:
    assert tail_after(*[1.0] * 100).late_after_s("scenario", in_flight=11) == inf
    assert tail_after(*[1.0] * 100).late_after_s("scenario", in_flight=10) == BEYOND
    assert tail_after(*[1.0] * (FEWEST - 1)).late_after_s("scenario", in_flight=1) == inf


@given(done=st.lists(st.floats(1, 1e5), max_size=50), wanted=st.lists(st.floats(1, 1e5), max_size=50))
def test_no_more_than_the_share_is_done_twice(done: list[float], wanted: list[float]) -> None:
    tail, twice = Tail(), 0.0
    for tokens in done:
        tail.answered("scenario", 1.0, tokens)
    for tokens in wanted:
        if tail.affords(tokens):
            tail.hedged(tokens)
            twice += tokens
    assert twice <= SHARE * sum(done) + 1e-6


async def test_the_late_one_goes_to_the_idlest_other_endpoint() -> None:
    here, fuller, idler = endpoints = members(3)
    late, busy = flight(here, since_s=9.0), flight(fuller, since_s=1.0)
    tail = tail_after(*[1.0] * 100)
    assert next_hedge([late, busy], {}, endpoints, tail, NOW_S) == (late, idler)


async def test_of_two_late_ones_the_longest_in_flight_comes_first() -> None:
    here, _ = endpoints = members(2)
    later, sooner = flight(here, since_s=5.0), flight(here, since_s=9.0)
    found = next_hedge([later, sooner], {}, endpoints, tail_after(*[1.0] * 100), NOW_S)
    assert found is not None and found[0] is sooner


@pytest.mark.parametrize(
    "why",
    ["not late", "hedged", "nobody else", "avoided", "not for this stage", "half full", "down", "too dear"],
)
async def test_a_request_stays_alone(why: str) -> None:
    here, other = endpoints = members(2)
    late = flight(
        here,
        since_s=1.9 if why == "not late" else 9.0,
        serving=here.bit if why == "not for this stage" else -1,
        avoid=other.bit if why == "avoided" else 0,
        tokens=1e6 if why == "too dear" else 10,
    )
    if why == "half full":
        other.lease(1, NOW_S), other.lease(1, NOW_S)
    if why == "down":
        other.go_down("away", NOW_S)
    hedged = {late.job} if why == "hedged" else set()
    offered = endpoints[:1] if why == "nobody else" else endpoints
    assert next_hedge([late], hedged, offered, tail_after(*[1.0] * 100), NOW_S) is None


@settings(deadline=None)
@given(
    flights=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 100), st.integers(0, 15)), max_size=8),
    limits=st.lists(st.integers(1, 6), min_size=4, max_size=4),
)
async def test_no_hedge_goes_where_its_request_is_or_beyond_a_limit(
    flights: list[tuple[int, float, int]], limits: list[int]
) -> None:
    endpoints = members(4)
    for member, limit in zip(endpoints, limits, strict=True):
        member.limiter = FixedLimiter(limit)
    flying = [
        flight(endpoints[place], since_s=since_s, serving=serving)
        for place, since_s, serving in flights
        if endpoints[place].has_room(NOW_S)
    ]
    hedged: set[Job] = set()
    tail = tail_after(*[1.0] * 200)
    while found := next_hedge(flying, hedged, endpoints, tail, NOW_S):
        first, member = found
        assert member is not first.lease.member and member.bit & first.job.serving
        assert first.job not in hedged
        hedged.add(first.job)
        member.lease(first.job.tokens, NOW_S)
        assert member.in_flight <= member.limiter.limit(NOW_S)


# With sockets


@asynccontextmanager
async def two_servers_at_the_end_of_a_run(
    clock: ManualClock, pool_settings: PoolSettings | None = None
) -> AsyncIterator[tuple[Running, ScriptedServer, ScriptedServer]]:
    """Enough has been answered that a last request may be sent twice; the first server gets it first."""
    one, other = ScriptedServer(), ScriptedServer()
    async with (
        serving(one, other),
        pool_over(one, other, clock=clock, settings=pool_settings, watching=True) as running,
    ):
        for number in range(round(1 / SHARE) + 5):
            await running.run(request(f"before {number}"))
        yield running, one, other


async def move(clock: ManualClock) -> None:
    clock.advance(1.0)
    for _ in range(50):
        await anyio.lowlevel.checkpoint()


async def test_a_last_request_that_hangs_is_answered_by_the_other_endpoint() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.script.append(stalls)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: "last" in running.done)
        await until(lambda: one.broken_off == 1)
        assert running.done["last"].endpoint == other.url
        assert running.done["last"].attempts == 1
        assert (served(one)[-1], served(other)) == ("last", ["last"])
        assert one.received[-1].body == other.received[-1].body, "the same, its seed included"
        seen = running.pool.snapshot()
        assert (seen.hedged, seen.hedges_won, seen.in_flight) == (1, 1, 0)
        assert running.endpoint(one).failed == {}, "slow is no fault"
        assert [(event.endpoint, event.conversation_id) for event in running.told("hedged")] == [
            (other.url, "last")
        ]


async def test_the_second_is_cancelled_if_the_first_comes_after_all() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.gate, other.gate = anyio.Event(), anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: other.in_flight == 1)
            one.gate.set()
        await until(lambda: other.broken_off == 1 and running.pool.snapshot().in_flight == 0)
        assert running.done["last"].endpoint == one.url
        seen = running.pool.snapshot()
        assert (seen.hedged, seen.hedges_won) == (1, 0)
        assert sum(endpoint.completed for endpoint in seen.endpoints) == len(running.done)


async def test_a_second_that_fails_leaves_the_first_alone() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.gate = anyio.Event()
        other.script.append(fails(500))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: bool(running.endpoint(other).failed))
            await move(clock)
            assert running.pool.snapshot().hedged == 1, "once is enough"
            one.gate.set()
    assert running.done["last"].endpoint == one.url
    assert running.done["last"].attempts == 1
    assert running.told("retry") == []


async def test_a_first_that_fails_waits_for_the_second() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.gate, other.gate = anyio.Event(), anyio.Event()
        one.script.append(fails(500))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: other.in_flight == 1)
            one.gate.set()
            await until(lambda: bool(running.endpoint(one).failed))
            assert running.pool.snapshot().in_flight == 1
            other.gate.set()
    assert running.done["last"].endpoint == other.url
    assert running.told("retry") == []


async def test_when_both_fail_it_is_tried_again() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.gate, other.gate = anyio.Event(), anyio.Event()
        for server in (one, other):
            server.script.append(fails(500))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: other.in_flight == 1)
            one.gate.set()
            other.gate.set()
            await until(lambda: running.pool.snapshot().backing_off == 1)
            await move(clock)
    assert running.done["last"].attempts == 2
    assert len(running.told("retry")) == 1


async def test_cancelling_a_request_that_was_sent_twice_breaks_both_off() -> None:
    clock = ManualClock()
    async with two_servers_at_the_end_of_a_run(clock) as (running, one, other):
        one.script.append(stalls)
        other.script.append(stalls)
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            await move(clock)
            await until(lambda: other.in_flight == 1)
            doomed.cancel_scope.cancel()
        await until(lambda: one.broken_off == other.broken_off == 1)
        await until(lambda: running.pool.snapshot().in_flight == 0)
    assert "last" not in running.done


@pytest.mark.parametrize("why", ["off", "something waits", "it drains"])
async def test_nothing_is_sent_twice(why: str) -> None:
    clock = ManualClock()
    hedges = PoolSettings(hedge="off" if why == "off" else "tail")
    async with two_servers_at_the_end_of_a_run(clock, hedges) as (running, one, other):
        one.gate = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("last"))
            await until(lambda: one.in_flight == 1)
            if why == "it drains":
                running.pool.drain()
            if why == "something waits":
                other.script.append(fails(429, Retry_After="3600"))
                tasks.start_soon(running.run, request("refused"))
                await until(lambda: running.endpoint(other).paused_for_s > 0)
            await move(clock)
            assert running.pool.snapshot().hedged == 0
            one.gate.set()
    assert running.done["last"].endpoint == one.url


async def test_looking_at_two_thousand_in_flight_takes_no_time_to_speak_of() -> None:
    here, other = endpoints = members(2, limit=4096)
    flying = [flight(here, since_s=1.0) for _ in range(2048)]
    tail = tail_after(*[1.0] * 512)
    began_s = time.process_time()
    assert next_hedge(flying, {}, endpoints, tail, NOW_S) is None
    assert time.process_time() - began_s < 0.1
    assert LAST * 512 < 2048 and not other.in_flight
