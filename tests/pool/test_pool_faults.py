"""What the pool does when requests fail."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import orjson
import pytest
from aiohttp import web
from endpoints.scripted_server import (
    Play,
    ScriptedServer,
    chat_answer,
    fails,
    resets,
    says,
    says_bytes,
    serving,
    stalls,
    truncates,
    until,
)

from funcdex.errors import BadResponse, ContextTooLong, NoEndpointAvailable, RequestRefused, ServerFault
from funcdex.pool.member import REFUSALS_TO_GO_DOWN
from funcdex.settings.pool import PoolSettings
from pool.manual_clock import ManualClock
from pool.pool_tools import pool_over, request, served

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (fails(500), "server_fault"),
        (fails(502), "server_fault"),
        (says({"choices": []}), "bad_response"),
        (says_bytes(b"<html>"), "bad_response"),
        (stalls, "timed_out"),
    ],
)
async def test_a_fault_of_the_request_is_tried_again_after_a_while(play: Play, kind: str) -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.append(play)
    settings = PoolSettings(backoff_base_s=4.0)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request(timeout_s=2))
            await until(lambda: running.pool.snapshot().backing_off == 1)
            assert 0 < clock.sleeping[0] < 4.0
            assert running.endpoint(server).in_flight == 0
            clock.advance(4.0)
        assert running.done["c1"].attempts == 2
        assert running.endpoint(server).failed == {kind: 1}
        assert [(event.fault, event.conversation_id) for event in running.told("retry")] == [(kind, "c1")]


@pytest.mark.parametrize("play", [resets, truncates])
async def test_a_broken_connection_is_tried_again_at_once(play: Play) -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.append(play)
    async with serving(server), pool_over(server, clock=clock) as running:
        await running.run(request())
    assert running.done["c1"].attempts == 2


def breaks_on(server: ScriptedServer, name: str) -> None:
    """From now on it answers 500 to the request of this name, each time, and answers all others."""

    async def play(http: web.Request) -> web.StreamResponse:
        asked = orjson.loads(await http.read())["messages"][0]["content"]
        return await (fails(500) if asked == name else says(chat_answer()))(http)

    server.script = deque([play] * 1000)


async def test_a_request_that_a_healthy_endpoint_answers_500_is_given_up_after_its_attempts() -> None:
    server = ScriptedServer()
    breaks_on(server, "poison")
    settings = PoolSettings(max_attempts=3, backoff_base_s=0.001)
    async with serving(server), pool_over(server, settings=settings) as running:

        async def ask_others() -> None:
            while "poison" not in running.failed:
                await running.run(request("another"))

        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("poison"))
            tg.start_soon(ask_others)
        assert isinstance(running.failed["poison"], ServerFault)
    # One more if nobody else was answered between two of them.
    assert 3 <= served(server).count("poison") <= 4


async def test_a_request_that_is_alone_with_a_healthy_endpoint_is_given_up_after_a_probe() -> None:
    server, clock = ScriptedServer(), ManualClock()
    breaks_on(server, "poison")
    settings = PoolSettings(max_attempts=3, failures_to_open=4, backoff_max_s=1)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("poison"))
            while not running.failed:
                await until(lambda: bool(clock.sleeping or running.failed))
                clock.advance(1.0)
    assert isinstance(running.failed["poison"], ServerFault)
    # Four open the circuit, then there is a probe, the second of all, and a try.
    assert (len(server.received), len(server.probes)) == (4 + 1, 2)


async def test_faults_of_an_endpoint_that_answers_nobody_do_not_count_against_requests() -> None:
    server, clock = ScriptedServer(), ManualClock()
    settings = PoolSettings(max_attempts=3, give_up_after_s=60)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.script.extend([fails(500)] * 1000)
        server.probed = fails(500)
        async with anyio.create_task_group() as tg:
            for number in range(5):
                tg.start_soon(running.run, request(f"c{number}"))
            while len(running.failed) < 5:
                await until(lambda: bool(clock.sleeping) or len(running.failed) == 5)
                clock.advance(1.0)
    assert {type(fault) for fault in running.failed.values()} == {NoEndpointAvailable}
    assert all("HTTP 500" in str(fault) for fault in running.failed.values())
    assert len(server.received) < 5 * 3, "once its circuit is open, it gets no request of the run"


async def test_attempts_are_not_used_up_by_faults_of_the_endpoint() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(429, Retry_After="1"), fails(503), resets] * 2)
    settings = PoolSettings(max_attempts=2, backoff_max_s=1)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            while not running.done:
                await until(lambda: bool(clock.sleeping or running.done))
                clock.advance(1.0)
    assert running.done["c1"].attempts == 7


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_request_is_tried_at_one_other_endpoint_and_no_further(status: int) -> None:
    servers = [ScriptedServer() for _ in range(3)]
    for server in servers:
        server.script.append(fails(status))
    async with serving(*servers), pool_over(*servers) as running:
        with pytest.raises(RequestRefused):
            await running.pool.generate(request())
        assert {running.endpoint(server).state for server in servers} == {"ready"}
    assert sorted(len(server.received) for server in servers) == [0, 1, 1]


async def test_what_one_endpoint_refuses_another_may_take() -> None:
    picky, other = ScriptedServer(), ScriptedServer()
    picky.script.append(fails(413))
    async with serving(picky, other), pool_over(picky, other) as running:
        await running.run(request())
    assert (running.done["c1"].endpoint, running.done["c1"].attempts) == (other.url, 2)


async def test_a_refused_request_ends_refused_if_those_left_to_be_asked_are_lost() -> None:
    picky, mortal, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    picky.script.append(fails(422))
    settings = PoolSettings(give_up_after_s=60, max_in_flight=1)
    async with serving(picky, mortal), pool_over(picky, mortal, clock=clock, settings=settings) as running:
        mortal.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("keeps it busy"))
            await until(lambda: mortal.in_flight + len(picky.received) > 0)
            tg.start_soon(running.run, request("c1"))
            await until(lambda: running.pool.snapshot().waiting == 1)
            await mortal.kill()
            while not running.failed:
                await until(lambda: bool(clock.sleeping or running.failed))
                clock.advance(5.0)
        assert running.endpoint(picky).state == "ready"
    assert [type(fault) for fault in running.failed.values()] == [RequestRefused]


async def test_an_endpoint_that_refuses_everything_is_given_up_before_it_uses_up_the_run() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(422)] * 10_000)
    settings = PoolSettings(max_in_flight=1, open_for_s=5, give_up_after_s=60)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:

        async def ask_on() -> None:
            while not any(isinstance(fault, NoEndpointAvailable) for fault in running.failed.values()):
                await running.run(request(f"c{len(running.failed)}"))

        async with anyio.create_task_group() as tg:
            tg.start_soon(ask_on)
            await until(lambda: running.endpoint(server).state == "down")
            assert len(server.received) == REFUSALS_TO_GO_DOWN
            assert "refuses every request" in running.endpoint(server).reason
            while len(running.failed) <= len(server.received):
                await until(lambda: bool(clock.sleeping) or len(running.failed) > len(server.received))
                clock.advance(5.0)
    assert len(server.received) <= REFUSALS_TO_GO_DOWN + 60 / 5


async def test_a_sample_is_drawn_elsewhere_after_answers_of_no_use() -> None:
    one, other = ScriptedServer(), ScriptedServer()
    async with serving(one, other), pool_over(one, other) as running:
        for number in range(6):
            await running.run(replace(request(f"c{number}"), avoid=frozenset([one.url])))
        await running.run(replace(request("all"), avoid=frozenset([one.url, other.url])))
    assert {running.done[f"c{number}"].endpoint for number in range(6)} == {other.url}
    assert "all" in running.done


async def test_a_request_that_failed_goes_to_another_endpoint() -> None:
    one, other = ScriptedServer(), ScriptedServer()
    one.script.extend([says({"choices": []})] * 9)
    settings = PoolSettings(backoff_base_s=0.001)
    async with serving(one, other), pool_over(one, other, settings=settings) as running:
        await running.run(request())
    assert running.done["c1"].endpoint == other.url
    assert len(one.received) == 1


async def test_a_request_that_failed_everywhere_is_tried_where_it_failed() -> None:
    one, other = ScriptedServer(), ScriptedServer()
    one.script.extend([fails(500)])
    other.script.extend([fails(500)] * 9)
    settings = PoolSettings(backoff_base_s=0.001)
    async with serving(one, other), pool_over(one, other, settings=settings) as running:
        await running.run(request())
    assert running.done["c1"].endpoint == one.url
    assert (len(one.received), len(other.received)) == (2, 1)


async def test_a_context_that_is_too_short_here_may_be_long_enough_elsewhere() -> None:
    short, long = ScriptedServer(context_tokens=1000), ScriptedServer(context_tokens=9000)
    short.script.append(fails(400, "This model's maximum context length is 1000 tokens."))
    async with serving(short, long), pool_over(short, long) as running:
        await running.run(request())
    assert running.done["c1"].endpoint == long.url


async def test_a_context_that_is_too_short_everywhere_is_told() -> None:
    short, long = ScriptedServer(context_tokens=1000), ScriptedServer(context_tokens=9000)
    for server in (short, long):
        server.script.append(fails(400, "This model's maximum context length is exceeded."))
    async with serving(short, long), pool_over(short, long) as running:
        with pytest.raises(ContextTooLong):
            await running.pool.generate(request())
    assert (len(short.received), len(long.received)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "header"),
    [(429, "20"), (503, "20"), (429, format_datetime(NOW + timedelta(seconds=20), usegmt=True))],
)
async def test_retry_after_pauses_the_whole_endpoint(status: int, header: str) -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.append(fails(status, "slow down", Retry_After=header))
    async with (
        serving(server),
        pool_over(server, clock=clock, wall_clock=lambda: NOW) as running,
        anyio.create_task_group() as tg,
    ):
        tg.start_soon(running.run, request("c1"))
        await until(lambda: running.endpoint(server).paused_for_s == 20)
        tg.start_soon(running.run, request("c2", priority=0))
        await until(lambda: running.pool.snapshot().waiting == 2 and clock.sleeping == [20.0])
        clock.advance(19.9)
        await anyio.wait_all_tasks_blocked()
        assert served(server) == ["c1"]
        clock.advance(0.1)
    assert served(server) == ["c1", "c1", "c2"]
    assert running.done["c1"].queued_s == 20


async def test_an_overload_without_a_time_pauses_for_longer_and_longer() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(503)] * 12)
    settings = PoolSettings(backoff_base_s=1.0, backoff_max_s=64.0)
    pauses = []
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            for sent in range(1, 13):
                await until(lambda sent=sent: len(server.received) == sent and bool(clock.sleeping))  # type: ignore[misc]
                pauses.append(clock.sleeping[0])
                clock.advance(clock.sleeping[0])
    assert all(pause_s <= min(64.0, 2.0**n) for n, pause_s in enumerate(pauses))
    assert max(pauses[6:]) > 8
    assert running.done["c1"].attempts == 13


async def test_many_overloads_at_once_are_one() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(429)] * 50)
    settings = PoolSettings(backoff_base_s=1.0, backoff_max_s=1000.0)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(50):
                tg.start_soon(running.run, request(f"c{number}"))
            await until(lambda: server.in_flight == 50)
            clock.advance(0.001)
            server.gate.set()
            await until(lambda: running.pool.snapshot().waiting == 50)
            assert running.endpoint(server).paused_for_s <= 1.0
            clock.advance(1.0)
    assert len(running.done) == 50


async def test_an_overloaded_endpoint_leaves_the_work_to_the_other() -> None:
    busy, free, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    busy.script.append(fails(429, Retry_After="3600"))
    async with serving(busy, free), pool_over(busy, free, clock=clock) as running:
        async with anyio.create_task_group() as tg:
            for number in range(30):
                tg.start_soon(running.run, request(f"c{number}"))
    assert len(running.done) == 30
    assert len(free.received) > 15


async def test_failures_in_a_row_open_the_circuit_and_one_request_tries_it() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(500)] * 3)
    settings = PoolSettings(failures_to_open=3, open_for_s=10, max_attempts=9, backoff_max_s=0.5)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(3):
                tg.start_soon(running.run, request(f"c{number}"))
            await until(lambda: server.in_flight == 3)
            server.gate.set()
            await until(lambda: running.endpoint(server).state == "open")
            assert "HTTP 500" in running.endpoint(server).reason
            await until(lambda: running.pool.snapshot().backing_off == 3)
            clock.advance(1.0)
            await until(lambda: running.pool.snapshot().waiting == 3)
            server.gate = anyio.Event()
            clock.advance(9.0)
            await until(lambda: server.in_flight == 1)
            assert running.endpoint(server).state == "half_open"
            assert running.pool.snapshot().waiting == 2
            server.gate.set()
        assert running.endpoint(server).state == "ready"
    assert len(running.done) == 3
    assert [event.kind for event in running.events if event.kind != "retry"] == ["joined", "opened", "closed"]
    assert len(server.probes) == 2, "it is probed before a request is spent on it"


async def test_a_trial_that_fails_keeps_the_circuit_open() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(500)] * 2)
    settings = PoolSettings(failures_to_open=1, open_for_s=10, max_attempts=9, backoff_max_s=0.5)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            for sent in (1, 2):
                await until(
                    lambda sent=sent: (
                        len(server.received) == sent  # type: ignore[misc]
                        and running.endpoint(server).state == "open"
                        and len(clock.sleeping) == 2
                    )
                )
                clock.advance(10.0)
    assert running.done["c1"].attempts == 3


async def test_an_endpoint_that_stays_overloaded_is_given_up_in_the_end() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([fails(503, "all slots busy")] * 1000)
    settings = PoolSettings(give_up_after_s=100, backoff_max_s=30)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        began_s = clock.now_s
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            while not running.failed:
                await until(lambda: bool(clock.sleeping or running.failed))
                clock.advance(5.0)
        assert clock.now_s - began_s >= 100
    assert isinstance(running.failed["c1"], NoEndpointAvailable)
    assert server.url in str(running.failed["c1"])


async def test_the_same_fault_is_raised_as_it_came() -> None:
    server = ScriptedServer()
    server.script.append(says({"error": {"message": "engine died"}}))
    async with serving(server), pool_over(server, settings=PoolSettings(max_attempts=1)) as running:
        with pytest.raises(BadResponse, match="engine died"):
            await running.pool.generate(request())
