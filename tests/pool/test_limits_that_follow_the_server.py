"""An endpoint without a limit of the user's: what its /metrics page says decides how much it gets."""

from __future__ import annotations

import anyio
from aiohttp import web
from endpoints.scripted_server import ScriptedServer, serving, until

from funcdex.settings.pool import PoolSettings
from pool.pool_tools import pool_over, request


class Crowded(ScriptedServer):
    """Works on four requests at once, and says that the others wait."""

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        running = min(4, self.in_flight)
        page = (
            "# TYPE vllm:num_requests_running gauge\n"
            f"vllm:num_requests_running {running}\nvllm:num_requests_waiting {self.in_flight - running}\n"
        )
        return web.Response(text=page)


async def test_a_queue_at_the_server_brings_the_limit_down_to_what_it_works_on() -> None:
    server = Crowded()
    settings = PoolSettings(load_poll_s=0.01)
    async with serving(server), pool_over(server, settings=settings, watching=True) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(300):
                tg.start_soon(running.run, request(f"c{number}"))
            await until(lambda: running.endpoint(server).limit <= 8)
            assert running.endpoint(server).waiting_there == server.in_flight - 4
            server.gate.set()
    assert len(running.done) == 300


async def test_a_limit_of_the_users_stays() -> None:
    server = Crowded()
    settings = PoolSettings(load_poll_s=0.01, max_in_flight=64)
    async with serving(server), pool_over(server, settings=settings, watching=True) as running:
        server.gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(100):
                tg.start_soon(running.run, request(f"c{number}"))
            await until(lambda: running.endpoint(server).waiting_there == 60)
            assert running.endpoint(server).limit == 64
            server.gate.set()
    assert len(running.done) == 100
