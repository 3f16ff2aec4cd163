"""What one request costs the client: CPU of raw aiohttp, httpx over aiohttp, and the pool.

    python bench/pool_overhead.py [--requests 4000] [--in-flight 512] [--rounds 5]

A mock server in a process of its own answers each completion after 20 ms. Every client runs in a process of
its own too; the CPU (user and system) of the same process with no request is subtracted. Medians over rounds
that take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

SERVICE_S = 0.02
PROMPT = "Write a scenario in which an assistant uses the tools below. " * 20
ANSWER = "A user wants the last invoices forwarded to their accountant. " * 10
BODY: dict[str, object] = {
    "model": "mock",
    "messages": [{"role": "system", "content": "You write."}, {"role": "user", "content": PROMPT}],
    "max_tokens": 256,
}
Send = Callable[[], Awaitable[None]]


def serve() -> None:
    """The mock server; prints its port."""
    from aiohttp import web

    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
    usage = {"prompt_tokens": 250, "completion_tokens": 100}
    answer = json.dumps({"choices": [choice], "usage": usage}).encode()

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(SERVICE_S)
        return web.Response(body=answer, content_type="application/json")

    async def start() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", chat)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(start())


async def workers(send: Send, requests: int, in_flight: int) -> None:
    """So many tasks that each send one request after another."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            await send()

    await asyncio.gather(*(work() for _ in range(min(in_flight, requests))))


async def raw_aiohttp(url: str, requests: int, in_flight: int) -> None:
    """aiohttp by itself."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send() -> None:
            async with session.post(url + "/v1/chat/completions", json=BODY) as response:
                assert (await response.json())["choices"][0]["message"]["content"] == ANSWER

        await workers(send, requests, in_flight)


async def httpx_over_aiohttp(url: str, requests: int, in_flight: int) -> None:
    """httpx.AsyncClient over the httpx-aiohttp transport."""
    import httpx
    from httpx_aiohttp import HttpxAiohttpClient

    limits = httpx.Limits(max_connections=None)
    async with HttpxAiohttpClient(limits=limits, timeout=60) as client:

        async def send() -> None:
            response = await client.post(url + "/v1/chat/completions", json=BODY)
            assert response.json()["choices"][0]["message"]["content"] == ANSWER

        await workers(send, requests, in_flight)


async def stock_httpx(url: str, requests: int, in_flight: int) -> None:
    """httpx.AsyncClient over its own transport."""
    import httpx

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60) as client:

        async def send() -> None:
            response = await client.post(url + "/v1/chat/completions", json=BODY)
            assert response.json()["choices"][0]["message"]["content"] == ANSWER

        await workers(send, requests, in_flight)


async def our_pool(url: str, requests: int, in_flight: int) -> None:
    """funcdex's pool, all requests asked for at once: those beyond the limit wait in its queue."""
    from funcdex.endpoints.facts import EndpointFacts
    from funcdex.endpoints.http import EndpointClient, open_transport
    from funcdex.pool.joining import Candidate
    from funcdex.pool.pool import Pool
    from funcdex.settings.endpoint_spec import EndpointSpec
    from funcdex.settings.tree import PoolSettings
    from funcdex.types.request import Message, Request, Sampling

    facts = EndpointFacts(
        base_url=url,
        kind="vllm",
        server_version="mock",
        model="mock",
        models=("mock",),
        context_tokens=None,
        slots=None,
        dialect="lark",
        enforces=True,
    )
    request = Request(
        conversation_id="c1",
        stage="scenario",
        messages=(Message("system", "You write."), Message("user", PROMPT)),
        sampling=Sampling(max_tokens=256),
        timeout_s=60,
    )
    async with open_transport() as transport:
        candidate = Candidate(EndpointClient(EndpointSpec(url=url), transport), facts)
        async with Pool([candidate], PoolSettings(max_in_flight=in_flight)) as pool:

            async def send() -> None:
                assert (await pool.generate(request)).text == ANSWER

            await asyncio.gather(*(send() for _ in range(requests)))


CLIENTS = {
    "aiohttp": raw_aiohttp,
    "httpx over aiohttp": httpx_over_aiohttp,
    "funcdex pool": our_pool,
    "stock httpx": stock_httpx,
}


@dataclass(frozen=True)
class Cost:
    """Of one process: CPU and wall-clock seconds, peak memory."""

    cpu_s: float
    wall_s: float
    rss_mb: float


def run_client(name: str, url: str, requests: int, in_flight: int) -> None:
    """In a process of its own; prints its cost as JSON."""
    began_s = time.monotonic()
    asyncio.run(CLIENTS[name](url, requests, in_flight))
    wall_s = time.monotonic() - began_s
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(json.dumps([used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024]))


def cost_of(name: str, url: str, requests: int, in_flight: int) -> Cost:
    """Starts the client and reads what it says."""
    arguments = ["--client", name, "--url", url, "--requests", str(requests), "--in-flight", str(in_flight)]
    run = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return Cost(*json.loads(run.stdout))


def measure(names: list[str], url: str, requests: int, in_flight: int, rounds: int) -> None:
    """Prints the table."""
    start_up = {name: min(cost_of(name, url, 0, in_flight).cpu_s for _ in range(3)) for name in names}
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            costs[name].append(cost_of(name, url, requests, in_flight))
    per_request_ms = {
        name: [1000 * (cost.cpu_s - start_up[name]) / requests for cost in costs[name]] for name in names
    }
    base = statistics.median(per_request_ms[names[1]])
    print(f"{requests} requests, {in_flight} in flight, {SERVICE_S * 1000:.0f} ms service, {rounds} rounds\n")
    print(f"| client | CPU a request | lowest to highest | to {names[1]} | span | start-up CPU | RSS |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        figures = per_request_ms[name]
        median = statistics.median(figures)
        span_s = statistics.median(cost.wall_s for cost in costs[name])
        rss_mb = statistics.median(cost.rss_mb for cost in costs[name])
        print(
            f"| {name} | {median:.2f} ms | {min(figures):.2f} to {max(figures):.2f} | {median / base:.2f} "
            f"| {span_s:.1f} s | {start_up[name]:.2f} s | {rss_mb:.0f} MB |"
        )


def main() -> None:
    """Plays the part that the arguments name; without one, measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--in-flight", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--with-stock-httpx", action="store_true", help="adds it; takes half a minute a round"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", choices=sorted(CLIENTS), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve()
    elif chosen.client:
        run_client(chosen.client, chosen.url, chosen.requests, chosen.in_flight)
    else:
        server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            names = list(CLIENTS)[: len(CLIENTS) - (not chosen.with_stock_httpx)]
            measure(names, url, chosen.requests, chosen.in_flight, chosen.rounds)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
