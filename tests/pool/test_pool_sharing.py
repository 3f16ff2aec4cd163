"""Who is served when, and by which endpoint."""

from __future__ import annotations

import time
from dataclasses import replace

import anyio
import pytest
from endpoints.scripted_server import ScriptedServer, fails, says, serving, until

from funcdex.errors import Draining, NoEndpointAvailable
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.manual_clock import ManualClock
from pool.pool_tools import pool_over, request, served


async def test_a_request_comes_back_with_where_it_was_answered() -> None:
    server = ScriptedServer(simulated=True)
    async with serving(server), pool_over(server) as running:
        completion = await running.pool.generate(request())
    assert completion.text == "hello there"
    assert (completion.endpoint, completion.model) == (server.url, "model-a")
    assert completion.attempts == 1
    assert completion.simulated
    assert completion.latency_s > 0 and completion.queued_s < completion.latency_s


async def test_two_thousand_requests_never_exceed_the_limit() -> None:
    server = ScriptedServer()
    settings = PoolSettings(max_in_flight=256)
    async with serving(server), pool_over(server, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(2000):
                tg.start_soon(running.run, request(f"c{number}"))
            await until(lambda: server.in_flight == 256)
            assert running.endpoint(server).in_flight == 256
            assert running.pool.snapshot().waiting == 2000 - 256
            server.gate.set()
        assert running.endpoint(server).in_flight == 0
    assert len(running.done) == 2000
    assert server.most_in_flight == 256
    assert sorted(served(server)) == sorted(running.done)


@pytest.mark.parametrize(
    ("spec_limit", "settings_limit", "slots", "expected"),
    [(2, 3, 4, 2), (None, 3, 4, 3), (None, None, 4, 4)],
)
async def test_the_limit_is_the_endpoints_own_else_the_settings_else_its_slots(
    spec_limit: int | None, settings_limit: int | None, slots: int, expected: int
) -> None:
    server = ScriptedServer(kind="llamacpp", slots=slots)
    settings = PoolSettings(max_in_flight=settings_limit)
    async with serving(server):
        spec = EndpointSpec(url=server.url, max_in_flight=spec_limit)
        async with pool_over(spec, settings=settings) as running:
            assert running.endpoint(server).limit == expected


async def test_the_limit_is_128_where_nobody_says() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server) as running:
        assert running.endpoint(server).limit == 128


async def test_higher_priority_is_sent_first_and_then_who_came_first() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number, (name, priority) in enumerate(
                [("first", 0), ("low", 0), ("high", 9), ("middle", 5), ("high too", 9), ("low too", 0)]
            ):
                tg.start_soon(running.run, request(name, priority=priority))
                await until(lambda there=number: running.pool.snapshot().waiting == there)  # type: ignore[misc]
            server.gate.set()
    assert served(server) == ["first", "high", "high too", "middle", "low", "low too"]


async def test_work_is_shared_in_proportion_to_the_limits() -> None:
    small, large = ScriptedServer(), ScriptedServer()
    async with serving(small, large):
        specs = [
            EndpointSpec(url=small.url, max_in_flight=10),
            EndpointSpec(url=large.url, max_in_flight=30),
        ]
        async with pool_over(*specs) as running:
            small.gate = large.gate = anyio.Event()
            async with anyio.create_task_group() as tg:
                for number in range(20):
                    tg.start_soon(running.run, request(f"c{number}"))
                await until(lambda: small.in_flight + large.in_flight == 20)
                assert (small.in_flight, large.in_flight) == (5, 15)
                small.gate.set()
    assert len(running.done) == 20


async def test_the_endpoint_with_the_fewest_tokens_to_write_is_chosen() -> None:
    one, other = ScriptedServer(), ScriptedServer()
    async with serving(one, other), pool_over(one, other) as running:
        one.gate = other.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("long", max_tokens=10_000))
            await until(lambda: one.in_flight == 1)
            for number in range(5):
                tg.start_soon(running.run, request(f"short {number}"))
            await until(lambda: other.in_flight == 5)
            assert one.in_flight == 1
            one.gate.set()


async def test_what_a_stage_usually_writes_is_learned() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server) as running:
        await running.pool.generate(request(max_tokens=4096))
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request(max_tokens=4096))
            await until(lambda: server.in_flight == 1)
            assert running.endpoint(server).outstanding_tokens < 10
            server.gate.set()
        assert running.endpoint(server).outstanding_tokens == 0


async def test_stages_go_to_the_endpoints_that_serve_them() -> None:
    judge, writer = ScriptedServer(), ScriptedServer()
    async with serving(judge, writer):
        specs = [EndpointSpec(url=judge.url, stages=("judge",)), EndpointSpec(url=writer.url)]
        async with pool_over(*specs) as running, anyio.create_task_group() as tg:
            for number in range(8):
                tg.start_soon(running.run, request(f"w{number}", stage="scenario"))
                tg.start_soon(running.run, request(f"j{number}", stage="judge"))
    assert judge.received and all(name.startswith("j") for name in served(judge))
    assert {f"w{number}" for number in range(8)} <= set(served(writer))


async def test_each_role_has_a_model_of_its_own() -> None:
    judge, writer = ScriptedServer(models=("strict", "lenient")), ScriptedServer(models=("fluent",))
    async with serving(judge, writer):
        specs = [
            EndpointSpec(url=judge.url, stages=("judge",), model="lenient"),
            EndpointSpec(url=writer.url, stages=("scenario",)),
        ]
        async with pool_over(*specs) as running:
            await running.run(request("j", stage="judge"))
            await running.run(request("w", stage="scenario"))
    assert (running.done["j"].model, running.done["w"].model) == ("lenient", "fluent")
    assert [server.received[0].body["model"] for server in (judge, writer)] == ["lenient", "fluent"]


async def test_corrections_go_to_those_kept_for_them_else_to_the_writers() -> None:
    writer, mender, judge = ScriptedServer(), ScriptedServer(), ScriptedServer()
    async with serving(writer, mender, judge):
        specs = [
            EndpointSpec(url=writer.url, stages=("conversation",)),
            EndpointSpec(url=judge.url, stages=("judge",)),
        ]
        async with pool_over(*specs) as running:
            await running.run(request("c", stage="correction"))
        assert running.done["c"].endpoint == writer.url
        specs.append(EndpointSpec(url=mender.url, stages=("correction",)))
        async with pool_over(*specs) as running:
            for number in range(4):
                await running.run(request(f"c{number}", stage="correction"))
        assert {done.endpoint for done in running.done.values()} == {mender.url}


async def test_a_request_goes_to_the_model_or_the_address_it_names_while_that_can_be_asked() -> None:
    strict, lenient = ScriptedServer(models=("strict",)), ScriptedServer(models=("lenient",))
    async with serving(strict, lenient), pool_over(strict, lenient) as running:
        for number in range(4):
            await running.run(replace(request(f"s{number}"), rather="strict"))
            await running.run(replace(request(f"l{number}"), rather=lenient.url))
        await running.run(replace(request("nobody"), rather="unheard of"))
        lenient.script.extend([says({"choices": []})] * 9)
        await running.run(replace(request("l-last"), rather="lenient"))
    assert {running.done[f"s{number}"].model for number in range(4)} == {"strict"}
    assert {running.done[f"l{number}"].model for number in range(4)} == {"lenient"}
    assert running.done["l-last"].model == "strict" and "nobody" in running.done


async def test_a_full_endpoint_for_one_stage_does_not_hold_up_another() -> None:
    judge, writer = ScriptedServer(), ScriptedServer()
    async with serving(judge, writer):
        specs = [
            EndpointSpec(url=judge.url, stages=("judge",), max_in_flight=1),
            EndpointSpec(url=writer.url, stages=("scenario",), max_in_flight=1),
        ]
        async with pool_over(*specs) as running:
            judge.gate = anyio.Event()
            async with anyio.create_task_group() as tg:
                for number in range(3):
                    tg.start_soon(running.run, request(f"j{number}", stage="judge", priority=9))
                await until(lambda: judge.in_flight == 1)
                for number in range(3):
                    await running.run(request(f"w{number}", stage="scenario"))
                assert len(running.done) == 3
                judge.gate.set()


async def test_a_stage_that_nobody_serves_is_told_at_once() -> None:
    server = ScriptedServer()
    async with serving(server):
        async with pool_over(EndpointSpec(url=server.url, stages=("judge",))) as running:
            with pytest.raises(NoEndpointAvailable, match="none serves scenario"):
                await running.pool.generate(request(stage="scenario"))


async def test_cancelling_a_waiting_request_withdraws_it() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("kept"))
            await until(lambda: server.in_flight == 1)
            async with anyio.create_task_group() as doomed:
                doomed.start_soon(running.run, request("withdrawn"))
                await until(lambda: running.pool.snapshot().waiting == 1)
                doomed.cancel_scope.cancel()
            assert running.pool.snapshot().waiting == 0
            server.gate.set()
    assert served(server) == ["kept"]


async def test_cancelling_a_request_in_flight_breaks_it_off_and_frees_its_place() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(running.run, request("broken off"))
            await until(lambda: server.in_flight == 1)
            doomed.cancel_scope.cancel()
        await until(lambda: server.broken_off == 1)
        assert running.endpoint(server).in_flight == 0
        server.gate.set()
        await running.run(request("next"))
    assert set(running.done) == {"next"}
    assert running.endpoint(server).failed == {}


async def test_a_place_that_is_granted_to_a_cancelled_request_goes_to_the_next() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            holder = anyio.CancelScope()
            doomed = anyio.CancelScope()

            async def within(scope: anyio.CancelScope, name: str) -> None:
                with scope:
                    await running.run(request(name))

            tg.start_soon(within, holder, "holder")
            await until(lambda: server.in_flight == 1)
            tg.start_soon(within, doomed, "doomed")
            await until(lambda: running.pool.snapshot().waiting == 1)
            tg.start_soon(running.run, request("heir"))
            await until(lambda: running.pool.snapshot().waiting == 2)
            holder.cancel()
            doomed.cancel()
            server.gate.set()
        assert running.endpoint(server).in_flight == 0
    assert set(running.done) == {"heir"}


async def test_time_in_the_queue_is_not_counted_against_the_deadline() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("holder"))
            await until(lambda: server.in_flight == 1)
            tg.start_soon(running.run, request("patient", timeout_s=1))
            began_s = time.monotonic()
            await until(lambda: time.monotonic() > began_s + 1.1)
            server.gate.set()
    assert running.done["patient"].queued_s > 1
    assert running.done["patient"].attempts == 1


async def test_an_error_of_the_owner_leaves_the_pool_as_it_is() -> None:
    server = ScriptedServer()
    async with serving(server):
        with pytest.raises(KeyError, match="mine"):
            async with pool_over(server):
                raise KeyError("mine")


async def test_cancelling_the_owner_ends_the_pool() -> None:
    server = ScriptedServer()
    left = False
    async with serving(server):
        with anyio.CancelScope() as scope:
            async with pool_over(server) as running:
                server.gate = anyio.Event()
                async with anyio.create_task_group() as tg:
                    tg.start_soon(running.run, request())
                    await until(lambda: server.in_flight == 1)
                    scope.cancel()
            left = True
    assert scope.cancelled_caught and not left
    assert server.broken_off == 1


async def test_a_pool_that_drains_finishes_what_is_in_flight_and_sends_no_more() -> None:
    server = ScriptedServer()
    async with serving(server), pool_over(server, settings=PoolSettings(max_in_flight=1)) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request("in flight"))
            await until(lambda: server.in_flight == 1)
            tg.start_soon(running.run, request("waiting"))
            await until(lambda: running.pool.snapshot().waiting == 1)
            running.pool.drain()
            await running.run(request("late"))
            assert running.pool.snapshot().waiting == 0
            server.gate.set()
    assert set(running.done) == {"in flight"}
    assert {name: type(fault) for name, fault in running.failed.items()} == {
        "waiting": Draining,
        "late": Draining,
    }
    assert served(server) == ["in flight"]


async def test_a_pool_that_drains_waits_for_no_retry() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.append(fails(500))
    async with serving(server), pool_over(server, clock=clock) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            await until(lambda: running.pool.snapshot().backing_off == 1)
            running.pool.drain()
        assert running.pool.snapshot().backing_off == 0
    assert isinstance(running.failed["c1"], Draining)
