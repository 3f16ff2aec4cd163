"""Endpoints that die, come back, come late or turn out to be others."""

from __future__ import annotations

import time

import anyio
import pytest
from endpoints.scripted_server import ScriptedServer, fails, serving, until
from pydantic import SecretStr

from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.endpoints.http import open_transport
from funcdex.errors import NoEndpointAvailable
from funcdex.pool.joining import probe_all, probe_each
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.manual_clock import ManualClock
from pool.pool_tools import Running, pool_over, request, served

SETTINGS = PoolSettings(open_for_s=5, give_up_after_s=600)


async def _kill_in_the_middle(server: ScriptedServer, running: Running) -> None:
    await until(lambda: server.in_flight > 0)
    await server.kill()
    await until(lambda: running.endpoint(server).state == "down")


async def test_an_endpoint_that_dies_and_comes_back_loses_nothing() -> None:
    server, clock = ScriptedServer(), ManualClock()
    settings = SETTINGS.model_copy(update={"max_in_flight": 8, "max_attempts": 1})
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(40):
                tg.start_soon(running.run, request(f"c{number}"))
            await _kill_in_the_middle(server, running)
            await until(lambda: running.pool.snapshot().waiting == 40)
            clock.advance(5)
            await until(lambda: clock.sleeping == [5.0])
            assert running.endpoint(server).state == "down"
            server.gate = None
            await server.start()
            clock.advance(5)
        assert running.endpoint(server).state == "ready"
    assert not running.failed
    assert len(running.done) == 40
    assert max(completion.attempts for completion in running.done.values()) > 1
    assert [event.kind for event in running.events if event.kind != "retry"] == ["joined", "down", "joined"]


async def test_the_others_take_the_work_of_one_that_dies() -> None:
    mortal, steady, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    settings = SETTINGS.model_copy(update={"max_in_flight": 8, "max_attempts": 1})
    async with serving(mortal, steady), pool_over(mortal, steady, clock=clock, settings=settings) as running:
        mortal.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(60):
                tg.start_soon(running.run, request(f"c{number}"))
            await _kill_in_the_middle(mortal, running)
    assert not running.failed
    assert {completion.endpoint for completion in running.done.values()} == {steady.url}
    assert len(running.done) == 60


async def test_requeued_work_goes_before_what_waited_behind_it() -> None:
    server, clock = ScriptedServer(), ManualClock()
    settings = SETTINGS.model_copy(update={"max_in_flight": 2})
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(6):
                tg.start_soon(running.run, request(f"c{number}"))
            await _kill_in_the_middle(server, running)
            await until(lambda: clock.sleeping == [5.0])
            server.gate = None
            server.received.clear()
            await server.start()
            clock.advance(5)
    assert sorted(served(server)[:2]) == ["c0", "c1"]


@pytest.mark.parametrize(
    ("models", "enforces", "reason"),
    [
        (("model-b",), True, "does not serve 'model-a'"),
        (("model-a",), False, "ignores the grammar"),
    ],
)
async def test_a_server_that_comes_back_as_another_is_refused(
    models: tuple[str, ...], enforces: bool, reason: str
) -> None:
    server, clock = ScriptedServer(), ManualClock()
    async with serving(server), pool_over(server, clock=clock, settings=SETTINGS) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, request())
            await _kill_in_the_middle(server, running)
            await until(lambda: clock.sleeping == [5.0])
            server.models, server.enforces, server.gate = models, enforces, None
            await server.start()
            clock.advance(5)
        assert running.endpoint(server).state == "refused"
    assert reason in running.endpoint(server).reason
    assert isinstance(running.failed["c1"], NoEndpointAvailable)
    assert reason in str(running.failed["c1"])
    assert [event.kind for event in running.events[-1:]] == ["refused"]
    assert len(server.received) == 1


async def test_a_model_that_is_swapped_under_way_is_noticed_by_its_404() -> None:
    swapped, steady, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    async with (
        serving(swapped, steady),
        pool_over(swapped, steady, clock=clock, settings=SETTINGS) as running,
    ):
        swapped.models = ("model-b",)
        async with anyio.create_task_group() as tg:
            for number in range(10):
                tg.start_soon(running.run, request(f"c{number}"))
        assert len(running.done) == 10
        await until(lambda: clock.sleeping == [5.0])
        clock.advance(5)
        await until(lambda: running.endpoint(swapped).state == "refused")
    assert {completion.endpoint for completion in running.done.values()} == {steady.url}


async def test_a_server_that_comes_back_with_less_context_is_noticed_and_loses_nothing() -> None:
    shrunk, other, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    async with serving(shrunk, other), pool_over(shrunk, other, clock=clock, settings=SETTINGS) as running:
        shrunk.context_tokens = 64
        shrunk.script.append(fails(400, "This model's maximum context length is 64 tokens."))
        for number in range(4):
            await running.run(request(f"c{number}"))
        assert running.endpoint(shrunk).state == "down"
        assert "do not fit the 8192" in running.endpoint(shrunk).reason
        await until(lambda: clock.sleeping == [5.0])
        clock.advance(5)
        await until(lambda: running.endpoint(shrunk).state == "half_open")
    assert len(running.done) == 4 and len(shrunk.probes) == 2


async def test_an_endpoint_that_was_not_there_at_the_start_joins_later() -> None:
    late, early, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    async with serving(early):
        await late.start()
        await late.kill()
        async with pool_over(early, late, clock=clock, settings=SETTINGS) as running:
            assert running.endpoint(late).state == "down"
            assert "no connection" in running.endpoint(late).reason
            await until(lambda: clock.sleeping == [5.0])
            await late.start()
            clock.advance(5)
            await until(lambda: running.endpoint(late).state == "ready")
            early.gate = anyio.Event()
            async with anyio.create_task_group() as tg:
                for number in range(4):
                    tg.start_soon(running.run, request(f"c{number}"))
                await until(lambda: len(running.done) == 2)
                early.gate.set()
            assert len(late.received) == 2
        await late.kill()


async def test_a_server_that_is_up_but_not_healthy_is_not_tried() -> None:
    server, clock = ScriptedServer(), ManualClock()
    async with serving(server), pool_over(server, clock=clock, settings=SETTINGS) as running:
        async with anyio.create_task_group() as tg:
            server.gate = anyio.Event()
            tg.start_soon(running.run, request())
            await _kill_in_the_middle(server, running)
            await until(lambda: clock.sleeping == [5.0])
            server.health, server.gate = 503, None
            probes = len(server.probes)
            await server.start()
            clock.advance(5)
            await until(lambda: clock.sleeping == [5.0])
            assert len(server.probes) == probes
            server.health = 200
            clock.advance(5)
    assert running.done["c1"].attempts > 1


async def test_an_endpoint_that_enforces_nothing_stays_out() -> None:
    lax, strict, clock = ScriptedServer(enforces=False), ScriptedServer(), ManualClock()
    async with serving(lax, strict), pool_over(lax, strict, clock=clock, settings=SETTINGS) as running:
        asked = len(lax.probes)
        assert running.endpoint(lax).state == "refused"
        assert "ignores the grammar" in running.endpoint(lax).reason
        async with anyio.create_task_group() as tg:
            for number in range(10):
                tg.start_soon(running.run, request(f"c{number}"))
        clock.advance(10_000)
        await anyio.wait_all_tasks_blocked()
    assert not lax.received and len(lax.probes) == asked
    assert len(running.done) == 10


async def test_no_endpoint_for_too_long_ends_the_waiting() -> None:
    server, clock = ScriptedServer(), ManualClock()
    settings = PoolSettings(open_for_s=5, give_up_after_s=12, max_in_flight=2)
    async with serving(server), pool_over(server, clock=clock, settings=settings) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(5):
                tg.start_soon(running.run, request(f"c{number}"))
            await _kill_in_the_middle(server, running)
            await until(lambda: running.pool.snapshot().waiting == 5)
            for _ in range(2):
                await until(lambda: clock.sleeping == [5.0])
                clock.advance(5)
            await until(lambda: clock.sleeping == [2.0])
            assert not running.failed
            clock.advance(2)
        assert len(running.failed) == 5
        assert all(isinstance(fault, NoEndpointAvailable) for fault in running.failed.values())
        with pytest.raises(NoEndpointAvailable, match=server.url):
            await running.pool.generate(request("too late"))
        await until(lambda: clock.sleeping == [3.0])
        server.gate = None
        await server.start()
        clock.advance(3)
        await until(lambda: running.endpoint(server).state == "ready")
        assert (await running.pool.generate(request("after all"))).text == "hello there"


async def test_figures_add_up_in_a_snapshot() -> None:
    server, clock = ScriptedServer(), ManualClock()
    async with serving(server), pool_over(server, clock=clock) as running:
        for number in range(4):
            await running.run(request(f"c{number}"))
        clock.advance(7)
        seen = running.endpoint(server)
        assert (seen.completed, seen.prompt_tokens, seen.completion_tokens) == (4, 44, 28)
        assert seen.tokens_per_s == running.pool.snapshot().tokens_per_s == 4.0
        assert (seen.model, seen.state, seen.reason, seen.in_flight) == ("model-a", "ready", "", 0)


async def test_all_endpoints_are_asked_at_once_and_in_order() -> None:
    servers = [ScriptedServer(models=(f"model-{n}",)) for n in range(3)]
    async with serving(*servers), open_transport() as transport:
        specs = [EndpointSpec(url=server.url) for server in servers]
        specs.append(EndpointSpec(url=servers[0].url, model="model-x"))
        candidates = await probe_all(
            specs, transport, timeout_s=10, now=time.monotonic, api_key=SecretStr("general")
        )
    found = [candidate.found for candidate in candidates]
    assert [one.model for one in found if isinstance(one, EndpointFacts)] == ["model-0", "model-1", "model-2"]
    assert isinstance(found[3], Refused)
    assert servers[0].probes[0].headers["Authorization"] == "Bearer general"


async def test_no_usable_endpoint_at_all_is_an_error_with_every_reason() -> None:
    lax, other = ScriptedServer(enforces=False), ScriptedServer()
    async with serving(lax, other), open_transport() as transport:
        specs = [EndpointSpec(url=lax.url), EndpointSpec(url=other.url, model="model-x")]
        with pytest.raises(NoEndpointAvailable) as caught:
            await probe_all(specs, transport, timeout_s=10, now=time.monotonic)
        assert len(await probe_each(specs, transport, timeout_s=10, now=time.monotonic)) == 2
    assert "ignores the grammar" in str(caught.value) and "model-x" in str(caught.value)


async def test_no_endpoint_named_is_an_error() -> None:
    async with open_transport() as transport:
        with pytest.raises(NoEndpointAvailable, match="none was named"):
            await probe_all([], transport, timeout_s=1, now=time.monotonic)


async def test_one_fault_does_not_end_a_run_before_it_began() -> None:
    server = ScriptedServer(probed=fails(500))
    slept: list[float] = []

    async def mend(seconds: float) -> None:
        slept.append(seconds)
        server.probed = None

    async with serving(server), open_transport() as transport:
        spec = EndpointSpec(url=server.url)
        candidates = await probe_all([spec], transport, timeout_s=10, now=time.monotonic, sleep=mend)
    assert isinstance(candidates[0].found, EndpointFacts)
    assert slept == [1.0]


async def test_an_endpoint_that_stays_away_is_asked_three_times() -> None:
    server = ScriptedServer(probed=fails(503, "loading"))

    async def no_wait(seconds: float) -> None:
        """Time is not what is tested."""

    async with serving(server), open_transport() as transport:
        with pytest.raises(NoEndpointAvailable, match="loading"):
            await probe_all(
                [EndpointSpec(url=server.url)], transport, timeout_s=10, now=time.monotonic, sleep=no_wait
            )
    assert len(server.probes) == 3
