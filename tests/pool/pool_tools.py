"""A pool over scripted servers, and requests to put through it."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import anyio
from endpoints.scripted_server import ScriptedServer

from funcdex.endpoints.http import EndpointClient, open_transport, utc_now
from funcdex.endpoints.probe import probe
from funcdex.errors import FuncdexError
from funcdex.pool.events import EndpointSnapshot, EventKind, PoolEvent
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Completion, Message, Request, Sampling
from pool.manual_clock import ManualClock


def request(
    name: str = "c1",
    *,
    priority: int = 0,
    stage: str = "scenario",
    timeout_s: float = 20,
    max_tokens: int = 10,
) -> Request:
    return Request(
        conversation_id=name,
        stage=stage,
        messages=(Message("user", name),),
        sampling=Sampling(max_tokens=max_tokens),
        timeout_s=timeout_s,
        priority=priority,
    )


@dataclass
class Running:
    """A pool at work, and what it told."""

    pool: Pool
    events: list[PoolEvent]
    done: dict[str, Completion] = field(default_factory=dict)
    failed: dict[str, FuncdexError] = field(default_factory=dict)

    async def run(self, wanted: Request) -> None:
        """For a task group: keeps what comes of a request under its conversation's id."""
        try:
            self.done[wanted.conversation_id] = await self.pool.generate(wanted)
        except FuncdexError as fault:
            self.failed[wanted.conversation_id] = fault

    def endpoint(self, server: ScriptedServer) -> EndpointSnapshot:
        return next(one for one in self.pool.snapshot().endpoints if one.url == server.url)

    def told(self, kind: EventKind) -> list[PoolEvent]:
        return [event for event in self.events if event.kind == kind]


@asynccontextmanager
async def pool_over(
    *specs: EndpointSpec | ScriptedServer,
    settings: PoolSettings | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    wall_clock: Callable[[], datetime] = utc_now,
    watching: bool = False,
) -> AsyncIterator[Running]:
    """Probes the endpoints as they are and opens a pool over them; a ManualClock also sleeps. Their /metrics
    and what is in flight are looked at only if `watching`.

    What hangs fails after 20 s.
    """
    with anyio.fail_after(20):
        async with open_transport() as transport:
            candidates = []
            for named in specs:
                spec = named if isinstance(named, EndpointSpec) else EndpointSpec(url=named.url)
                client = EndpointClient(spec, transport, wall_clock=wall_clock)
                candidates.append(Candidate(client, await probe(client, timeout_s=10, now=time.monotonic)))
            events: list[PoolEvent] = []
            async with Pool(
                candidates,
                settings or PoolSettings(),
                clock=clock,
                sleep=clock.sleep if isinstance(clock, ManualClock) else sleep,
                rng=random.Random(4),
                on_event=events.append,
                watching=watching,
            ) as pool:
                yield Running(pool, events)


def served(server: ScriptedServer) -> Sequence[str]:
    """The names of the requests a server got, in order."""
    return [received.body["messages"][0]["content"] for received in server.received]
