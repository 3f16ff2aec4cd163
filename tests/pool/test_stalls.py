"""Requests that stop making progress, over real sockets: broken off and sent elsewhere, and no others are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest
from endpoints.scripted_server import Play, ScriptedServer, drips, serving, stalls, until
from endpoints.streaming import GOOD, chunk, streams

from funcdex.pool.progress import FEWEST
from funcdex.settings.pool import PoolSettings
from pool.manual_clock import ManualClock
from pool.pool_tools import Running, pool_over, request, served

FLOOR_S = 60.0


@asynccontextmanager
async def two_known_servers(
    clock: ManualClock, settings: PoolSettings, play: Play | None = None
) -> AsyncIterator[tuple[Running, ScriptedServer, ScriptedServer]]:
    """The first has answered just so many requests that its pace is known; it gets the next one too."""
    one, other = ScriptedServer(), ScriptedServer()
    one.script.extend([play] * FEWEST if play else [])
    async with (
        serving(one, other),
        pool_over(one, other, clock=clock, settings=settings, watching=True) as running,
    ):
        for number in range(FEWEST):
            await running.run(request(f"before {number}"))
        assert len(one.received) == FEWEST
        yield running, one, other


async def let_all_work() -> None:
    """So many turns of the loop that whatever is on its way through a socket arrives."""
    for _ in range(50):
        await anyio.lowlevel.checkpoint()


async def pass_time(clock: ManualClock, seconds: float) -> None:
    """In a few steps, with everybody's work in between."""
    for _ in range(4):
        clock.advance(seconds / 4)
        await let_all_work()


def never(clock: ManualClock) -> Play:
    return stalls


def half_a_body(clock: ManualClock) -> Play:
    return streams(b'{"choices": [', ends=False)


def a_byte_a_second(clock: ManualClock) -> Play:
    return drips(lambda: clock.sleep(1.0))


def two_tokens(clock: ManualClock) -> Play:
    return streams(chunk(""), chunk("Hel"), chunk("lo"), ends=False)


def comments_alone(clock: ManualClock) -> Play:
    return streams(chunk("Hel"), *[b": ping\n\n"] * 1000, pause=lambda: clock.sleep(1.0))


@pytest.mark.parametrize(
    ("stream", "usual", "play"),
    [
        ("never", None, never),
        ("never", None, half_a_body),
        ("never", None, a_byte_a_second),
        ("always", None, never),
        ("always", streams(GOOD), never),
        ("always", streams(GOOD), two_tokens),
        ("always", streams(GOOD), comments_alone),
    ],
)
async def test_a_request_that_stalls_is_sent_elsewhere(
    stream: str, usual: Play | None, play: Callable[[ManualClock], Play]
) -> None:
    clock = ManualClock()
    settings = PoolSettings.model_validate({"stream": stream, "stall_after_s": FLOOR_S, "hedge": "off"})
    async with two_known_servers(clock, settings, usual) as (running, one, other):
        one.script.append(play(clock))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("stalls", timeout_s=1e6))
            await until(lambda: one.in_flight == 1)
            await let_all_work()
            await pass_time(clock, FLOOR_S)
            assert running.endpoint(one).failed == {} and one.broken_off == 0
            await pass_time(clock, 1.0)
            await until(lambda: one.broken_off == 1)
            assert running.endpoint(one).failed == {"stalled": 1}
            await pass_time(clock, 1.0)
            assert running.endpoint(one).in_flight == 0
    assert running.done["stalls"].endpoint == other.url
    assert running.done["stalls"].attempts == 2
    assert served(other) == ["stalls"]


async def test_an_answer_that_goes_on_is_left_alone_however_long_it_takes() -> None:
    clock = ManualClock()
    settings = PoolSettings(stream="always", stall_after_s=FLOOR_S, hedge="off")
    async with two_known_servers(clock, settings, streams(GOOD)) as (running, one, _):
        slow = [chunk("x")] * 5 + [GOOD]
        one.script.append(streams(*slow, pause=lambda: clock.sleep(FLOOR_S - 1)))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("slow", timeout_s=1e6))
            await until(lambda: one.in_flight == 1)
            await let_all_work()
            for _ in range(7):
                await pass_time(clock, FLOOR_S - 1)
    assert running.done["slow"].text == "xxxxxHello"
    assert running.done["slow"].attempts == 1


async def test_nothing_is_broken_off_while_nothing_is_known() -> None:
    server, clock = ScriptedServer(), ManualClock()
    settings = PoolSettings(stall_after_s=0.5)
    async with serving(server), pool_over(server, clock=clock, settings=settings, watching=True) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.run, request("first", timeout_s=1e6))
            await until(lambda: server.in_flight == 1)
            await pass_time(clock, 200.0)
            server.gate.set()
    assert running.done["first"].attempts == 1


async def test_an_endpoint_where_all_stall_gets_no_more_work() -> None:
    clock = ManualClock()
    settings = PoolSettings(stall_after_s=FLOOR_S, failures_to_open=3, hedge="off")
    async with two_known_servers(clock, settings) as (running, one, other):
        one.script.extend([stalls] * 9)
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(running.run, request(f"c{number}", timeout_s=1e6))
            await until(lambda: one.in_flight == 3 and len(other.received) == 3)
            await pass_time(clock, FLOOR_S + 1.0)
            await until(lambda: one.in_flight == 0)
            assert running.endpoint(one).state != "ready"
            await pass_time(clock, 2.0)
    assert len(running.done) == FEWEST + 6
