"""A range of a run, worked on as a whole run is; what differs is where lines and events go, and who decides
what is new. Knows nothing of Ray: an actor of it has one of these."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.to_thread

from funcdex.cluster.remote_guard import Ask, RemoteGuard, embedded, serving, sketched
from funcdex.cluster.reports import RangeDone, RangeReport, Shipment, ToLog, ToOutputs, told_fault
from funcdex.cluster.slices import entries_of_range, with_later
from funcdex.dedup.embedding import require_packages
from funcdex.dedup.examples import Examples
from funcdex.dedup.model_process import ModelProcess
from funcdex.dedup.sketch import capitals_are_names
from funcdex.errors import CheckpointError, FuncdexError
from funcdex.memory import give_back_buffers
from funcdex.off_loop import share_fairly
from funcdex.order import Order
from funcdex.rundir.journal import open_range
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import JournalState
from funcdex.rundir.segments import Segment, take_over
from funcdex.settings.dedup import DedupSettings
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.tool_check import CheckedTools
from funcdex.working import Job, Means, Work, funnel_of


@dataclass(frozen=True, slots=True)
class RangeOrder:
    """One range to work on. `order` has this range's share of the endpoints, `state` what earlier sessions
    have journaled of it, `examples` what writers are shown of those. `shard_of` says who decides on a toolkit
    set."""

    order: Order
    session: int
    number: int
    indices: range
    state: JournalState
    checked: CheckedTools
    examples: Mapping[str, Examples]
    shard_of: Mapping[str, int]


@dataclass(slots=True)
class RangeWorker:
    """`work` may be called again, by another process too: it goes on from what was acknowledged.

    `ask_scenarios` and `ask_conversations` ask who decides.
    """

    task: RangeOrder
    ask_scenarios: Ask
    ask_conversations: Ask
    _shipment: Shipment = field(default_factory=Shipment)
    _halting: Halting = field(init=False)
    _life: str = field(default_factory=lambda: os.urandom(8).hex())
    _work: Work | None = None
    _epoch: int = 0

    def __post_init__(self) -> None:
        self._halting = Halting()

    async def work(self) -> RangeDone:
        """Until all of the range is settled, or it has to stop."""
        share_fairly()
        give_back_buffers()
        try:
            fault = await self._carried_out()
        except FuncdexError as raised:
            fault = raised
        funnel = self._work.funnel if self._work else funnel_of(len(self.task.indices), self.task.state)
        return RangeDone(
            funnel.accepted,
            dict(funnel.rejected),
            self._work.simulated if self._work else self.task.state.simulated,
            self._epoch,
            told_fault(fault) if fault else None,
        )

    async def _carried_out(self) -> FuncdexError | None:
        own, state = await anyio.to_thread.run_sync(self._taken_over)
        self._epoch = own.epoch or 0
        settings = self.task.order.settings
        async with LocalCompiler() as compiler:
            grammars = Grammars(settings.generation, settings.grammar, compiler.fault_of)
            self._work = Work(self._job(state, grammars), self._means(own), self.task.indices)
            # One whose last owner died after its last entry has nothing left.
            left = self._work.funnel.settled < self._work.funnel.planned
            return await self._work.run() if left else None

    async def report(self, got: int) -> RangeReport:
        """What came since the batch of that number, and how the range stands."""
        snapshot = self._work.snapshot() if self._work and self._work.begun else None
        return RangeReport(self._life, self._shipment.fetch(got), snapshot)

    async def drain(self) -> None:
        """Begins nothing more."""
        self._halting.drain()

    def _taken_over(self) -> tuple[Segment, JournalState]:
        task = self.task
        _require_run(task.order.run)
        own = take_over(task.order.run, task.session, task.number)
        return own, with_later(task.state, entries_of_range(task.order.run, own))

    def _job(self, state: JournalState, grammars: Grammars) -> Job:
        log = ToLog(self._shipment)
        task = self.task
        return Job(task.order, state, task.checked, grammars, log, self._shipment.say, self._halting.draining)

    def _means(self, own: Segment) -> Means:
        task, dedup = self.task, self.task.order.settings.dedup
        return Means(
            journal=partial(open_range, task.order.run, own, ToOutputs(self._shipment)),
            guard=partial(_guard, dedup, task, self.ask_scenarios),
            conversations=partial(_conversations, dedup, task, self.ask_conversations),
        )


class Halting:
    """Drains a work, also one that has not begun. The cluster's part of `Interrupts`: here no signal
    comes."""

    def __init__(self) -> None:
        self._asked = False
        self._drain: Callable[[], None] | None = None

    @contextmanager
    def draining(self, drain: Callable[[], None], scope: anyio.CancelScope) -> Iterator[None]:
        """See `working.Draining`. What is to be broken off is ended with its process."""
        self._drain = drain
        if self._asked:
            drain()
        yield
        self._drain = None

    def drain(self) -> None:
        """Begins nothing more."""
        self._asked = True
        if self._drain:
            self._drain()


@asynccontextmanager
async def _guard(dedup: DedupSettings, task: RangeOrder, ask: Ask) -> AsyncIterator[RemoteGuard]:
    with ExitStack() as closing:
        model = None
        if dedup.enabled and "embedding" in dedup.layers:
            require_packages(dedup.model)
            model = ModelProcess(dedup.model, dedup.device)
            closing.callback(model.close)
        guard = RemoteGuard(ask, partial(embedded, model), task.shard_of, task.examples)
        async with serving(guard):
            try:
                yield guard
            finally:
                if model is not None:
                    model.stop()


@asynccontextmanager
async def _conversations(
    dedup: DedupSettings, task: RangeOrder, ask: Ask
) -> AsyncIterator[RemoteGuard | None]:
    wanted = dedup.enabled and dedup.conversations
    questions = partial(sketched, capitals_are_names(task.order.settings.generation.language))
    async with serving(RemoteGuard(ask, questions, task.shard_of, None) if wanted else None) as guard:
        yield guard


def _require_run(run: RunDir) -> None:
    if not os.path.isfile(run.manifest):
        raise CheckpointError(
            "the run directory is not there on this node",
            where=f"{run.path} on {os.uname().nodename}",
            fix="Put it on a file system that all nodes of the cluster share, at the same path.",
        )
