"""A router in front of servers is one endpoint with many slots, and may tell nothing but its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

import anyio.to_thread
import httpx
from aiohttp import web
from running import records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.sim.config import SimConfig
from funcdex.sim.process import SimProcess

COUNT = 40


class Router:
    """Passes completions on to each server in turn, knows the models, and nothing else."""

    def __init__(self, servers: list[str], client: httpx.AsyncClient) -> None:
        self._next, self._first, self._client = cycle(servers), servers[0], client
        self.passed_on: Counter[str] = Counter()
        self.most_at_once = self._at_once = 0

    async def models(self, request: web.Request) -> web.Response:
        answer = await self._client.get(f"{self._first}/v1/models")
        return web.Response(body=answer.content, content_type="application/json")

    async def chat(self, request: web.Request) -> web.Response:
        server = next(self._next)
        self.passed_on[server] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            answer = await self._client.post(
                f"{server}/v1/chat/completions",
                content=await request.read(),
                headers={"Content-Type": "application/json"},
            )
        finally:
            self._at_once -= 1
        return web.Response(body=answer.content, status=answer.status_code, content_type="application/json")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


async def test_a_run_through_a_router_fills_the_servers_behind_it(tmp_path: Path, small_config: Path) -> None:
    run = RunDir(tmp_path / "run")
    async with AsyncExitStack() as stack:
        servers = [SimProcess(SimConfig(step_ms=0.0)) for _ in range(2)]
        for server in servers:
            stack.push_async_callback(server.stop)
            await server.start()
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=60))
        router = Router([server.url for server in servers], client)
        url = await stack.enter_async_context(router.serving())
        done = await anyio.to_thread.run_sync(
            lambda: run_command(
                "generate", small_config, "--endpoints", f"{url};max_in_flight=16;kind=vllm",
                "--run", run.path, "--toolkits", "gmail", "--count", COUNT,
            )
        )  # fmt: skip
    assert done.returncode in (0, 5), done.stderr
    ended = records(run.output("accepted_conversations")) + records(run.output("rejected"))
    assert len({one["id"] for one in ended}) == len(ended) == COUNT
    assert 8 <= router.most_at_once <= 16
    first, second = sorted(router.passed_on.values())
    assert first > 0 and second - first <= 1
