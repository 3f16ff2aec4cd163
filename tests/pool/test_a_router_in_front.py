"""A router (vLLM's, Ray Serve LLM, any proxy) in front of several servers is one endpoint with many slots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

import aiohttp
import anyio
from aiohttp import web
from endpoints.scripted_server import ScriptedServer, serving, until

from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.pool_tools import pool_over, request

SLOTS = 6


@asynccontextmanager
async def router_over(*servers: ScriptedServer) -> AsyncIterator[str]:
    """Sends each request to the next server, as routers do; it has no figures of its own."""
    turns = cycle(servers)

    async def forward(request: web.Request) -> web.StreamResponse:
        if request.path == "/metrics":
            raise web.HTTPNotFound
        url = f"{next(turns).url}{request.rel_url}"
        async with client.request(request.method, url, data=await request.read()) as answer:
            return web.Response(
                body=await answer.read(), status=answer.status, content_type=answer.content_type
            )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    async with aiohttp.ClientSession() as client:
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def test_as_many_requests_are_in_flight_as_the_endpoint_is_said_to_take() -> None:
    one, two = ScriptedServer(), ScriptedServer()
    one.gate = two.gate = gate = anyio.Event()
    async with serving(one, two), router_over(one, two) as url:
        async with pool_over(EndpointSpec(url=url, max_in_flight=SLOTS), settings=PoolSettings()) as running:
            (there,) = running.pool.snapshot().endpoints
            assert (there.state, there.limit) == ("ready", SLOTS)
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(running.run, request(f"c{number}"))
                await until(lambda: one.in_flight + two.in_flight == SLOTS)
                assert running.pool.snapshot().waiting == 20 - SLOTS
                gate.set()
    assert not running.failed and len(running.done) == 20
    assert abs(len(one.received) - len(two.received)) <= 2


async def test_a_server_that_is_lost_behind_the_router_costs_no_request() -> None:
    one, two = ScriptedServer(), ScriptedServer()
    async with serving(one, two), router_over(one, two) as url:
        settings = PoolSettings(backoff_base_s=0.01, backoff_max_s=0.02, max_attempts=20, failures_to_open=50)
        async with pool_over(EndpointSpec(url=url, max_in_flight=SLOTS), settings=settings) as running:
            await two.kill()
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(running.run, request(f"c{number}"))
    assert not running.failed and len(running.done) == 20
