"""The loads of `saturation.py` on the virtual clock, and how busy they keep the endpoints."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from saturated.busy import Busy
from saturated.conversations import write_conversations
from saturated.endpoints import ModelEndpoint, all_slots, candidate, request_for
from saturated.model_server import ModelServer, constant_step

from funcdex.pool.pool import Pool
from funcdex.settings.pool import PoolSettings

TOKENS = 100
UNEQUAL = ((256, 1.0), (64, 4.0), (128, 2.0), (192, 4.0))
"""Slots and seconds for TOKENS of four endpoints."""
TOKEN_S = 0.01


@dataclass(frozen=True)
class Shares:
    """`whole`: the tokens asked for, of those that all endpoints could have written in `took_s` (virtual).
    What is written twice, as hedges are, counts once. The others are busy slots of all slots, until 95 % of
    the work was done: warm-up included, or after `warm_s`."""

    whole: float
    until_last_5_percent: float
    steady: float
    took_s: float


@asynccontextmanager
async def watched(
    servers: Sequence[ModelServer], every_s: float, *, told: bool
) -> AsyncIterator[tuple[Pool, Busy]]:
    """A pool over servers, which tell their slots or do not, and how busy they are."""
    endpoints = [ModelEndpoint(f"http://e{n}:1", server) for n, server in enumerate(servers)]
    found = [candidate(one, slots=one.server.slots if told else None) for one in endpoints]
    busy = Busy(endpoints, every_s)
    clock = anyio.current_time
    async with Pool(found, PoolSettings(), clock=clock, rng=random.Random(1)) as pool:
        async with anyio.create_task_group() as watching:
            watching.start_soon(busy.watch)
            yield pool, busy
            busy.look()
            watching.cancel_scope.cancel()


async def ask_all(pool: Pool, lengths: Iterator[int], at_once: int) -> None:
    """Asks for an answer of each length, with so many asked for at any moment."""

    async def work() -> None:
        for tokens in lengths:
            await pool.generate(request_for(tokens))

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(work)


async def one_endpoint(slots: int = 256, service_s: float = 2.0, requests: int = 1024) -> Shares:
    """All requests asked for at once at one endpoint that tells its slots."""
    server = ModelServer(slots, constant_step(service_s / TOKENS))
    async with watched([server], service_s / 100, told=True) as (pool, busy):
        await ask_all(pool, iter([TOKENS] * requests), requests)
    return _shares(busy, requests * TOKENS, slots * TOKENS / service_s, 0.0)


async def unequal_endpoints(seconds: float, *, spread: int = 1, warm_s: float = 20.0) -> Shares:
    """Work for so many seconds of four unequal endpoints that say nothing of themselves."""
    servers = [ModelServer(slots, constant_step(service_s / TOKENS)) for slots, service_s in UNEQUAL]
    requests = int(seconds * sum(slots / service_s for slots, service_s in UNEQUAL))
    rng = random.Random(2)
    shortest = 2 * TOKENS // (1 + spread)
    lengths = [rng.randint(shortest, shortest * spread) for _ in range(requests)]
    async with watched(servers, 0.25, told=False) as (pool, busy):
        await ask_all(pool, iter(lengths), 4 * all_slots(busy.endpoints))
    capacity = sum(TOKENS * slots / service_s for slots, service_s in UNEQUAL)
    return _shares(busy, sum(lengths), capacity, warm_s)


async def conversations(
    endpoints: int, slots: int, count: int, *, told: bool, warm_s: float = 20.0
) -> Shares:
    """So many conversations of seven requests each."""
    servers = [ModelServer(slots, constant_step(TOKEN_S)) for _ in range(endpoints)]
    async with watched(servers, 0.25, told=told) as (pool, busy):
        tokens = await write_conversations(pool, count)
    return _shares(busy, tokens, endpoints * slots / TOKEN_S, warm_s)


def _shares(busy: Busy, tokens: float, tokens_per_s: float, warm_s: float) -> Shares:
    took_s = busy.looks[-1][0]
    return Shares(
        whole=tokens / tokens_per_s / took_s,
        until_last_5_percent=busy.share(until_share=0.95),
        steady=busy.share(warm_s, 0.95),
        took_s=took_s,
    )
