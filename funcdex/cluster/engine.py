"""The one place that knows Ray: joins a cluster, makes actors, waits for their answers."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from anyio.from_thread import start_blocking_portal

from funcdex.cluster.decisions import Question
from funcdex.cluster.range_work import RangeOrder, RangeWorker
from funcdex.cluster.reports import Batch, RangeDone, RangeReport
from funcdex.cluster.shard import Shard, ShardOrder
from funcdex.dedup.protocol import Verdict
from funcdex.errors import ClusterError, FuncdexError

MOST_RESTARTS = 100
"""Of one actor, by Ray: wherever a node is left."""
AUTO = "auto"
_INSTALL = "pip install 'funcdex[ray]'."
_QUIET = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""Set where the user has not: no warning about accelerators, which no actor asks for, and no report of
usage."""


class Cluster:
    """A cluster that was joined. Everything blocks."""

    def __init__(self, address: str) -> None:
        """`auto`: one that runs on this machine, or is named by RAY_ADDRESS, else one that begins here.

        Raises ClusterError."""
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        try:
            self._ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise ClusterError("ray is not installed", where="--ray", fix=_INSTALL) from error
        logging.getLogger("ray").setLevel(logging.ERROR)
        self._join(address)

    def _join(self, address: str) -> None:
        quiet = {"log_to_driver": False, "configure_logging": False}
        try:
            try:
                self._ray.init(address=address, **quiet)
            except ConnectionError:
                if address != AUTO:
                    raise
                self._ray.init(include_dashboard=False, **quiet)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise ClusterError(
                f"the cluster cannot be joined: {(str(error).splitlines() or [''])[0]}",
                where=f"--ray {address}",
                fix="Start it with `ray start --head`, or name its address; the versions of Ray and Python "
                "must be the same everywhere.",
            ) from error

    def nodes(self) -> int:
        """How many nodes are alive."""
        return sum(1 for node in self._ray.nodes() if node["Alive"])

    def shard(self, order: ShardOrder) -> Any:
        """An actor that decides what is new. Its calls are done one after the other."""
        return self._actor(Shard, 1).remote(order)

    def range(self, order: RangeOrder, shards: Sequence[Any]) -> RangeHandle:
        """An actor that works on a range."""
        # Kept where the driver is, for as long as the driver holds it: as an argument of the actor it would
        # be lost with the first node of the actor.
        return RangeHandle(self._actor(RangeActor, 8).remote(), self._ray.put(order), tuple(shards))

    def _actor(self, kind: type, at_once: int) -> Any:
        # Restarted, and asked again, by Ray. No CPU is reserved: an actor whose node is lost finds a place on
        # any other.
        return self._ray.remote(
            max_restarts=MOST_RESTARTS,
            max_task_retries=-1,
            max_concurrency=at_once,
            num_cpus=0,
            scheduling_strategy="SPREAD",
            # Nobody wants a history of thousands of short calls, which takes a thread in each actor.
            enable_task_events=False,
        )(kind)

    def end(self, actors: Sequence[Any]) -> None:
        """Ends actors and leaves the cluster; one that began here ends with that."""
        for actor in actors:
            self._ray.kill(actor)
        self._ray.shutdown()


async def answer(reference: Any) -> Any:
    """What a call of an actor comes to. Raises ClusterError if it fails, or the actor is lost for good."""
    ray = importlib.import_module("ray")
    try:
        return await asyncio.wrap_future(reference.future())
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(error.cause, FuncdexError) else None
        raise ClusterError(
            str(cause or error).splitlines()[-1] or "a call failed",
            where="an actor of the run",
            fix="See Ray's logs, then resume the run: all that was acknowledged is kept.",
        ) from error
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"an actor is lost: {str(error).splitlines()[0]}",
            where="the cluster",
            fix="See Ray's logs, then resume the run: all that was acknowledged is kept.",
        ) from error


@dataclass(frozen=True, slots=True)
class RangeHandle:
    """An actor of a range, as the driver asks it. Everything raises ClusterError if it is lost for good."""

    actor: Any
    order: Any
    shards: tuple[Any, ...]

    async def work(self) -> RangeDone:
        """See `RangeWorker.work`. Ray calls it again where the actor was lost."""
        done: RangeDone = await answer(self.actor.work.remote(self.order, list(self.shards)))
        return done

    async def report(self, got: int) -> RangeReport:
        """See `RangeWorker.report`."""
        report: RangeReport = await answer(self.actor.report.remote(got))
        return report

    async def drain(self) -> None:
        """See `RangeWorker.drain`."""
        await answer(self.actor.drain.remote())


class RangeActor:
    """What an actor of a range runs. Its event loop is its own, made as that of a run's process is: on Ray's,
    anyio knows no first task, and looks through all there are for each thread that it asks.

    No method is a coroutine function: Ray would call all on one loop, where `work` holds up the others.
    """

    def __init__(self) -> None:
        options = {"use_uvloop": importlib.util.find_spec("uvloop") is not None}
        self._until_ended = ExitStack()
        self._loop = self._until_ended.enter_context(start_blocking_portal(backend_options=options))
        self._range = _Range()

    def work(self, order: RangeOrder, shards: Sequence[Any]) -> RangeDone:
        """See `RangeWorker.work`."""
        done: RangeDone = self._loop.call(self._range.work, order, shards)
        return done

    def report(self, got: int) -> RangeReport:
        """See `RangeWorker.report`."""
        return self._loop.call(self._range.report, got)

    def drain(self) -> None:
        """See `RangeWorker.drain`."""
        self._loop.call(self._range.drain)


class _Range:
    """The range of an actor, on its loop; there may be none yet when it is asked."""

    def __init__(self) -> None:
        self._worker: RangeWorker | None = None
        self._draining = False
        self._shards: Sequence[Any] = ()

    async def work(self, order: RangeOrder, shards: Sequence[Any]) -> RangeDone:
        self._shards = shards
        self._worker = RangeWorker(order, self._scenarios, self._conversations)
        if self._draining:
            await self._worker.drain()
        return await self._worker.work()

    async def report(self, got: int) -> RangeReport:
        return await self._worker.report(got) if self._worker else RangeReport("", Batch())

    async def drain(self) -> None:
        self._draining = True
        if self._worker:
            await self._worker.drain()

    async def _scenarios(self, shard: int, questions: Sequence[Question]) -> Sequence[Verdict]:
        return await _asked(self._shards[shard].decide_scenarios.remote(questions))

    async def _conversations(self, shard: int, questions: Sequence[Question]) -> Sequence[Verdict]:
        return await _asked(self._shards[shard].decide_conversations.remote(questions))


async def _asked(reference: Any) -> Sequence[Verdict]:
    answers: Sequence[Verdict] = await answer(reference)
    return answers
