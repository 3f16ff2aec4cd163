"""The loads of `scenarios.py` over real sockets: round trips and the client's CPU count as well."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import anyio
import anyio.to_thread
from overhead.candidate import facts_of
from saturated.busy import share_of
from saturated.scenarios import TOKENS, UNEQUAL, Shares, ask_all
from saturated.served import Look, looks_of, served

from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings


async def one_endpoint(slots: int = 256, service_s: float = 2.0, requests: int = 1024) -> Shares:
    """All requests asked for at once at one endpoint that tells its slots."""
    return await _asked([(slots, service_s)], [TOKENS] * requests, requests, told=True)


async def by_itself(slots: int = 256, service_s: float = 2.0, requests: int = 1024) -> float:
    """The share of the ideal that aiohttp reaches there, with as many at once as there are slots."""
    import aiohttp

    body = {"messages": [{"role": "user", "content": str(TOKENS)}]}
    left = iter(range(requests))
    with served([(slots, service_s)]) as (url,):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def work() -> None:
                for _ in left:
                    async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                        await response.json()

            began_s = time.monotonic()
            async with anyio.create_task_group() as tasks:
                for _ in range(slots):
                    tasks.start_soon(work)
            return requests / slots * service_s / (time.monotonic() - began_s)


async def unequal_endpoints(seconds: float, *, warm_s: float = 20.0) -> Shares:
    """Work for so many seconds of four unequal endpoints that say nothing of themselves."""
    requests = int(seconds * sum(slots / service_s for slots, service_s in UNEQUAL))
    at_once = 4 * sum(slots for slots, _ in UNEQUAL)
    return await _asked(UNEQUAL, [TOKENS] * requests, at_once, told=False, warm_s=warm_s)


async def _asked(
    loads: Sequence[tuple[int, float]],
    lengths: Sequence[int],
    at_once: int,
    *,
    told: bool,
    warm_s: float = 0.0,
) -> Shares:
    with served(loads) as urls:
        async with open_transport() as transport:
            clients = [EndpointClient(EndpointSpec(url=url), transport) for url in urls]
            found = [
                Candidate(client, facts_of(client.spec.url, slots if told else None))
                for client, (slots, _) in zip(clients, loads, strict=True)
            ]
            async with Pool(found, PoolSettings(), rng=random.Random(1)) as pool:
                began_s = time.monotonic()
                await ask_all(pool, iter(lengths), at_once)
                took_s = time.monotonic() - began_s
        looks = await anyio.to_thread.run_sync(looks_of, urls[0])
    return _shares(looks, loads, sum(lengths), took_s, warm_s)


def _shares(
    looks: Sequence[Look], loads: Sequence[tuple[int, float]], tokens: int, took_s: float, warm_s: float
) -> Shares:
    slots = sum(count for count, _ in loads)
    tokens_per_s = sum(TOKENS * count / service_s for count, service_s in loads)
    return Shares(
        whole=tokens / tokens_per_s / took_s,
        until_last_5_percent=share_of(looks, slots, until_share=0.95),
        steady=share_of(looks, slots, warm_s, 0.95),
        took_s=took_s,
    )
