"""Closed-loop load: each endpoint has so many requests in flight, and each that ends is followed by the next.

All endpoints draw from one list, as in a run, so the fast one answers more of it, and all of them are busy
until the last request was sent.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from funcdex.bench.metrics import Sample
from funcdex.bench.result import Load
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.load import read_load
from funcdex.endpoints.stream import Streamed, stream
from funcdex.errors import EndpointError
from funcdex.types.request import Grammar, Request

WATCHED_EVERY_S = 1.0
PAUSE_AFTER_FAULT_S = 0.5
FEWEST_FAULTS_TO_LEAVE = 10


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint to be loaded."""

    client: EndpointClient
    facts: EndpointFacts


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and what became of it. `said` is why it failed, for people."""

    sample: Sample
    text: str
    grammar: Grammar | None
    said: str = ""


@dataclass(slots=True)
class Seen:
    """Which grammars each endpoint was sent already."""

    _pairs: set[tuple[str, str]] = field(default_factory=set)

    def is_new(self, url: str, grammar: Grammar | None) -> bool:
        """Whether it is sent for the first time; from now on it is not."""
        if grammar is None or (url, grammar.key) in self._pairs:
            return False
        self._pairs.add((url, grammar.key))
        return True


async def closed_loop(
    requests: Iterable[Request],
    targets: Sequence[Target],
    in_flight: int,
    seen: Seen,
    *,
    now: Callable[[], float] = time.monotonic,
) -> list[Answered]:
    """Sends every request once, `in_flight` at a time to each target. What was in flight is waited for.

    A target that only fails leaves the round, and what none is left for is not sent.
    """
    answers: list[Answered] = []
    queue = iter(requests)
    async with anyio.create_task_group() as tasks:
        for target in targets:
            lane = _Lane(target, queue, answers, seen, now, max(FEWEST_FAULTS_TO_LEAVE, in_flight))
            for _ in range(in_flight):
                tasks.start_soon(lane.work)
    return answers


@dataclass(slots=True)
class _Lane:
    """The workers of one target."""

    target: Target
    queue: Iterator[Request]
    answers: list[Answered]
    seen: Seen
    now: Callable[[], float]
    faults_to_leave: int
    faults_in_a_row: int = 0

    async def work(self) -> None:
        """One place in flight."""
        for request in self.queue:
            answered = await ask(request, self.target, self.seen, self.now)
            self.answers.append(answered)
            self.faults_in_a_row = self.faults_in_a_row + 1 if answered.sample.fault else 0
            if self.faults_in_a_row >= self.faults_to_leave:
                return
            if answered.sample.fault:
                # An endpoint that refuses at once would otherwise take the whole list in no time.
                await anyio.sleep(PAUSE_AFTER_FAULT_S)


async def ask(request: Request, target: Target, seen: Seen, now: Callable[[], float]) -> Answered:
    """One request at one endpoint; a fault is a value here."""
    url = target.facts.base_url
    first_use = seen.is_new(url, request.grammar)
    sent_s = now()
    try:
        found = await stream(request, target.facts, target.client, now)
    except EndpointError as fault:
        failed = Sample(url, sent_s, now(), fault=fault.kind, first_use=first_use)
        return Answered(failed, "", request.grammar, said=fault.what)
    return Answered(_sample(url, found, first_use), found.reply.text, request.grammar)


def _sample(url: str, found: Streamed, first_use: bool) -> Sample:
    arrived_s, reply = found.arrived_s, found.reply
    gaps = [later - earlier for earlier, later in zip(arrived_s, arrived_s[1:], strict=False)]
    return Sample(
        url,
        found.sent_s,
        found.ended_s,
        first_token_s=arrived_s[0] if arrived_s else None,
        last_token_s=arrived_s[-1] if arrived_s else None,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens or len(arrived_s),
        first_use=first_use,
        finish_reason=reply.finish_reason,
        longest_gap_s=max(gaps, default=None),
        estimated=not reply.completion_tokens and bool(arrived_s),
    )


@asynccontextmanager
async def watched(
    targets: Sequence[Target], *, now: Callable[[], float] = time.monotonic
) -> AsyncIterator[list[Load]]:
    """Collects what the servers say of themselves, for as long as the block; of those that say anything."""
    loads: list[Load] = []

    async def watch(target: Target) -> None:
        while True:
            load = await read_load(target.client)
            if load is None:
                return
            loads.append(
                Load(target.facts.base_url, now(), load.running, load.waiting, load.preemptions, load.kv_used)
            )
            await anyio.sleep(WATCHED_EVERY_S)

    async with anyio.create_task_group() as tasks:
        for target in targets:
            if target.facts.metrics:
                tasks.start_soon(watch, target)
        yield loads
        tasks.cancel_scope.cancel()
