"""The work of one process on a run, or on a range of one: endpoints, pool, guards and pipeline together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import partial

import anyio

from funcdex.dedup.protocol import Guard
from funcdex.endpoints.facts import EndpointFacts
from funcdex.errors import FuncdexError
from funcdex.guarding import serving_conversations, serving_guard
from funcdex.memory import rarely_collected
from funcdex.order import Order, mend
from funcdex.pipeline import Funnel, Journal, Pipeline
from funcdex.pool.events import PoolEvent
from funcdex.pool.joining import Candidate
from funcdex.pool.live import drain, max_live
from funcdex.pool.pool import Pool
from funcdex.rundir.journal import open_journal
from funcdex.rundir.log import EventLog
from funcdex.rundir.reading import JournalState
from funcdex.rundir.status import cost_of
from funcdex.serving import Served, served_endpoints
from funcdex.snapshot import Observer, RunSnapshot
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars
from funcdex.stages.plan import plans
from funcdex.stages.tool_check import CheckedTools
from funcdex.tally import Tally
from funcdex.types.record import Accepted, Draft, fold

Draining = Callable[[Callable[[], None], anyio.CancelScope], AbstractContextManager[None]]
"""In its block the function is called to begin nothing more, and the scope is cancelled to break off."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, and whom to tell. `checked` is what of the tools can be used, compiled in
    `grammars`; `state` is what the journal says, `mending` makes the outputs agree with that."""

    order: Order
    state: JournalState
    checked: CheckedTools
    grammars: Grammars
    log: EventLog
    say: Callable[[str], None]
    draining: Draining
    observers: Sequence[Observer] = ()

    def mending(self) -> None:
        """Blocks, for a large run tens of seconds; see `order.mend`."""
        mend(self.order, self.state)


@dataclass(frozen=True, slots=True)
class Done:
    """What has become of a job. `fault` is why it stopped before the end."""

    funnel: Funnel
    simulated: bool
    fault: FuncdexError | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """Where progress is kept, and who says what is new: opened for the time of the work."""

    journal: Callable[[], AbstractAsyncContextManager[Journal]]
    guard: Callable[[], AbstractAsyncContextManager[Guard]]
    conversations: Callable[[], AbstractAsyncContextManager[Guard | None]]


async def in_one_process(job: Job) -> Done:
    """All of it, here. Raises FuncdexError if it cannot begin."""
    means = Means(
        partial(open_journal, job.order.run, job.mending),
        partial(serving_guard, job.order, job.state.scenarios),
        partial(serving_conversations, job.order, job.state.written),
    )
    work = Work(job, means)
    fault = await work.run()
    return Done(work.funnel, work.simulated, fault)


@dataclass(slots=True)
class Work:
    """One job under way. `of`: the indices of its conversations; None for all of the run.

    `simulated` says whether a simulated endpoint had a part in it.
    """

    job: Job
    means: Means
    of: range | None = None
    funnel: Funnel = field(init=False)
    simulated: bool = field(init=False)
    _tally: Tally = field(init=False)
    _started_s: float = field(init=False)
    _pool: Pool | None = None
    _pipeline: Pipeline | None = None

    def __post_init__(self) -> None:
        planned = self.job.order.settings.count if self.of is None else len(self.of)
        self.funnel = funnel_of(planned, self.job.state)
        self.simulated = self.job.state.simulated
        self._tally = Tally(self.job.log, dict(self.job.state.tokens))
        self._started_s = time.monotonic()

    async def run(self) -> FuncdexError | None:
        """Until all is settled; the fault that stopped it before the end, if one did.

        Raises FuncdexError if it cannot begin."""
        async with served_endpoints(self.job.order.settings, self.job.say, self._note_candidate) as served:
            for candidate in served.candidates:
                self._note_candidate(candidate)
            # What the journal and the libraries brought stays, and the loop would wait for looks at it.
            with rarely_collected():
                return await self._generate(served)

    async def _generate(self, served: Served) -> FuncdexError | None:
        """Runs the pipeline. The outputs may be mended while the first requests are out."""
        job, fault = self.job, None
        settings = job.order.settings
        async with (
            self.means.journal() as journal,
            Pool(
                served.candidates,
                settings.pool,
                on_event=self._log_event,
                patience_s=settings.pool.give_up_after_s if served.fleet else 0.0,
            ) as pool,
            anyio.create_task_group() as tasks,
            self.means.guard() as guard,
            self.means.conversations() as conversations,
        ):
            counted = self._tally.over(journal)
            context = Context(
                pool.generate,
                settings,
                job.order.bundles,
                guard,
                job.checked.tool_sets,
                job.grammars,
                conversations,
                job.log.write,
                lambda turn: counted.append([turn]),
                job.order.links,
            )
            pipeline = Pipeline(context, counted, self.funnel)
            self._pool, self._pipeline = pool, pipeline
            if served.fleet:
                tasks.start_soon(served.fleet.follow, pool)
            for observe in job.observers:
                tasks.start_soon(observe, self.snapshot)
            with job.draining(partial(drain, pool, pipeline.stopping.set), tasks.cancel_scope):
                await pipeline.run(self._drafts(), max_live=partial(max_live, pool))
            fault = pipeline.fault
            # Ends the guard as well, so what comes after it in this block would be lost.
            tasks.cancel_scope.cancel()
        return fault

    def _drafts(self) -> Iterator[Draft]:
        """What is left to do, each from where it stands."""
        order, state = self.job.order, self.job.state
        for plan in plans(order.settings, order.bundles, state.restarts, without=state.settled, of=self.of):
            yield fold(plan, state.unsettled.get(plan.id, ()), state.turns.get(plan.id, ()))

    @property
    def begun(self) -> bool:
        """Whether there is a pipeline to take a snapshot of."""
        return self._pipeline is not None

    def snapshot(self) -> RunSnapshot:
        """As it is now. It has `begun`."""
        assert self._pool is not None and self._pipeline is not None
        return RunSnapshot(
            planned=self.funnel.planned,
            accepted=self.funnel.accepted,
            rejected=dict(self.funnel.rejected),
            live=dict(self.funnel.live),
            stages_done=self.funnel.stages_done,
            elapsed_s=time.monotonic() - self._started_s,
            pool=self._pool.snapshot(),
            tokens=dict(self._tally.tokens),
            cost=cost_of(self._tally.tokens, self.job.order.settings.prices),
            settled_per_s=self._tally.pace.per_s(time.monotonic()),
            grammars=self.job.grammars.snapshot(),
            stopping=self._pipeline.stopping.is_set(),
        )

    def _note_candidate(self, candidate: Candidate) -> None:
        """One that cannot be used is told of by the pool."""
        if isinstance(candidate.found, EndpointFacts):
            self.simulated |= candidate.found.simulated
            told = {"endpoint": candidate.client.spec.url, **asdict(candidate.found)}
            self.job.log.write("endpoint", told)

    def _log_event(self, event: PoolEvent) -> None:
        told = ("endpoint", "conversation_id", "fault", "detail")
        self.job.log.write(event.kind, {key: getattr(event, key) for key in told})
        if event.kind == "joined" and self._pipeline is not None:
            self._pipeline.capacity_changed()
        if event.kind in ("down", "refused", "left"):
            self.job.say(f"{event.endpoint}: {event.kind}: {event.detail}")


def funnel_of(planned: int, state: JournalState) -> Funnel:
    """The funnel with what has ended before."""
    funnel = Funnel(planned)
    for outcome in state.settled.values():
        if isinstance(outcome, Accepted):
            funnel.accepted += 1
        else:
            funnel.rejected[outcome.reason] += 1
    return funnel
