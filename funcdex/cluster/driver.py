"""The session of a run that a Ray cluster works on: divides it, gathers what the ranges report, and writes
the readable outputs and the log. Ranges write their own journals; what happens to them, Ray looks after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from funcdex.cluster.earlier import write_earlier
from funcdex.cluster.engine import Cluster, RangeHandle
from funcdex.cluster.merging import merged
from funcdex.cluster.range_work import RangeOrder
from funcdex.cluster.reports import Batch, RangeDone, fault_of
from funcdex.cluster.shard import ShardOrder
from funcdex.cluster.slices import slice_of
from funcdex.cluster.split import actors_of, anywhere, ranges, shard_of, shards_of, shares
from funcdex.errors import ClusterError, FuncdexError
from funcdex.guarding import examples_of
from funcdex.order import mend
from funcdex.pipeline import Funnel
from funcdex.rundir.journal import OutputFiles
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.rundir.segments import begin_ranges
from funcdex.serving import started_endpoints
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.snapshot import RunSnapshot
from funcdex.working import Done, Job, funnel_of

LOOKED_AT_EVERY_S = 1.0
LOOKS_A_S = 100
"""At most, over all ranges: with very many of them each is looked at more seldom."""


async def on_ray(address: str, job: Job) -> Done:
    """The work of a session, done by actors. Raises FuncdexError if it cannot begin."""
    async with AsyncExitStack() as stack:
        cluster = await anyio.to_thread.run_sync(Cluster, address)
        driver = _Driver(cluster, job)
        stack.push_async_callback(_ended, cluster, driver)
        endpoints = await started_endpoints(job.order.settings, stack)
        await anyio.to_thread.run_sync(driver.divide, endpoints)
        return await driver.work()


async def _ended(cluster: Cluster, driver: _Driver) -> None:
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(cluster.end, [*driver.actors, *driver.shards])


@dataclass(slots=True)
class _Range:
    """A range as the driver knows it."""

    order: RangeOrder
    actor: RangeHandle
    funnel: Funnel
    life: str = ""
    got: int = 0
    snapshot: RunSnapshot | None = None
    done: RangeDone | None = None
    lost: ClusterError | None = None
    over: anyio.Event = field(default_factory=anyio.Event)


class _Driver:
    def __init__(self, cluster: Cluster, job: Job) -> None:
        self._cluster = cluster
        self._job = job
        self._ranges: list[_Range] = []
        self._outputs: OutputFiles | None = None
        self._one_writes = anyio.CapacityLimiter(1)
        self._lines_missed = False
        self._started_s = time.monotonic()
        self.shards: list[Any] = []

    @property
    def actors(self) -> list[Any]:
        """Those of the ranges."""
        return [one.actor.actor for one in self._ranges]

    def divide(self, endpoints: Sequence[EndpointSpec]) -> None:
        """Makes the outputs agree with the journal, and the actors that go on. Blocks."""
        job, state = self._job, self._job.state
        # Actors are at work in other folders.
        endpoints = [anywhere(spec) for spec in endpoints]
        order = replace(job.order, run=RunDir(job.order.run.path.absolute()))
        settings = order.settings
        job.mending()
        session = begin_ranges(order.run)
        left = settings.count - len(state.settled)
        wanted = actors_of(settings.ray, len(endpoints), self._cluster.nodes(), left)
        parts = ranges(settings.count, state.settled, wanted)
        groups = list(dict.fromkeys(bundle.name for bundle in order.bundles))
        shards = shards_of(settings.ray, len(parts), len(groups))
        deciding = {group: shard_of(group, groups, shards) for group in groups}
        write_earlier(order, state, session, deciding)
        self.shards = [
            self._cluster.shard(ShardOrder(order.run, settings.dedup, session, number))
            for number in range(shards)
        ]
        examples = examples_of(state.scenarios, order.bundles)
        for number, (indices, share) in enumerate(
            zip(parts, shares(endpoints, len(parts), settings.pool), strict=True)
        ):
            own = replace(order, settings=settings.model_copy(update={"endpoints": share}))
            part = slice_of(state, indices)
            task = RangeOrder(own, session, number, indices, part, job.checked, examples, deciding)
            actor = self._cluster.range(task, self.shards)
            self._ranges.append(_Range(task, actor, funnel_of(len(indices), part)))

    async def work(self) -> Done:
        """Until all ranges have ended."""
        job = self._job
        with ExitStack() as closing:
            self._outputs = await anyio.to_thread.run_sync(OutputFiles, job.order.run, closing)
            async with anyio.create_task_group() as looking_on:
                for observe in job.observers:
                    looking_on.start_soon(observe, self._snapshot)
                async with anyio.create_task_group() as tasks:
                    with job.draining(partial(self._drain, tasks), tasks.cancel_scope):
                        async with anyio.create_task_group() as each:
                            for one in self._ranges:
                                each.start_soon(self._carry, one)
                    tasks.cancel_scope.cancel()
                looking_on.cancel_scope.cancel()
        if self._lines_missed:
            await anyio.to_thread.run_sync(self._mend_again)
        return self._done()

    async def _carry(self, one: _Range) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._await_end, one)
            while not one.over.is_set():
                with anyio.move_on_after(max(LOOKED_AT_EVERY_S, len(self._ranges) / LOOKS_A_S)):
                    await one.over.wait()
                await self._look_at(one)
        while await self._look_at(one):
            pass

    async def _await_end(self, one: _Range) -> None:
        try:
            one.done = await one.actor.work()
            # An owner may be lost before it was ever heard of.
            self._lines_missed |= one.done.epoch > 1
        except ClusterError as lost:
            one.lost = lost
            self._lines_missed = True
        one.over.set()

    async def _look_at(self, one: _Range) -> bool:
        """Whether anything was told."""
        try:
            return await self._heard_of(one)
        except ClusterError as lost:  # What it had not told is in its journal.
            one.lost = lost
            one.over.set()
            self._lines_missed = True
            return False

    async def _heard_of(self, one: _Range) -> bool:
        report = await one.actor.report(one.got)
        if report.life not in ("", one.life):
            if one.life:
                self._tell_of_takeover(one)
            one.life, one.got = report.life, 0
            report = await one.actor.report(0)
        one.snapshot = report.snapshot or one.snapshot
        if report.batch.number == one.got + 1:
            one.got = report.batch.number
            await self._take(report.batch)
        return bool(report.batch)

    async def _take(self, batch: Batch) -> None:
        for event, fields in batch.events:
            self._job.log.write(event, dict(fields))
        for text in batch.said:
            self._job.say(text)
        if batch.lines:
            assert self._outputs is not None
            await anyio.to_thread.run_sync(self._outputs.write, batch.lines, limiter=self._one_writes)

    def _tell_of_takeover(self, one: _Range) -> None:
        """Lines that the lost process had not told are made from its journal in the end."""
        self._lines_missed = True
        told = f"range {one.order.number + 1} of {len(self._ranges)} was lost, and goes on in another process"
        self._job.say(told)

    def _drain(self, tasks: TaskGroup) -> None:
        for one in self._ranges:
            tasks.start_soon(self._ask_to_drain, one)

    async def _ask_to_drain(self, one: _Range) -> None:
        await one.actor.drain()

    def _snapshot(self) -> RunSnapshot:
        order, state = self._job.order, self._job.state
        return merged(
            [one.snapshot for one in self._ranges if one.snapshot],
            planned=order.settings.count,
            elapsed_s=time.monotonic() - self._started_s,
            earlier=state.tokens,
            prices=order.settings.prices,
            waiting=[one.funnel for one in self._ranges if not one.snapshot],
        )

    def _mend_again(self) -> None:
        """The outputs are closed by now."""
        order = self._job.order
        mend(order, read_journal(order.run))

    def _done(self) -> Done:
        funnel, simulated = Funnel(self._job.order.settings.count), self._job.state.simulated
        fault: FuncdexError | None = None
        for one in self._ranges:
            counted = one.done or one.snapshot or one.funnel
            funnel.accepted += counted.accepted
            funnel.rejected.update(counted.rejected)
            if one.done:
                simulated |= one.done.simulated
                fault = fault or (fault_of(one.done.fault) if one.done.fault else None)
            fault = fault or one.lost
        return Done(funnel, simulated, fault)
