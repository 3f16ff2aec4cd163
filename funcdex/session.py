"""One session of a run: from an order to its ending, whatever lies in the run directory already.

lock -> tools checked -> manifest, journal read -> endpoints probed -> pipeline, outputs mended -> ending
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import anyio
import anyio.to_thread
from rich.console import Console

from funcdex.display.live import show, tell
from funcdex.endpoints.facts import EndpointFacts
from funcdex.errors import ConfigError, EndpointError, FuncdexError, root_fault
from funcdex.guarding import serving_conversations, serving_guard
from funcdex.interrupts import Interrupts
from funcdex.memory import give_back_buffers, rarely_collected
from funcdex.off_loop import share_fairly
from funcdex.order import Order, mend, prepare
from funcdex.pipeline import Funnel, Pipeline
from funcdex.pool.events import PoolEvent
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.rundir.journal import open_journal
from funcdex.rundir.lock import exclusive
from funcdex.rundir.log import RunLog
from funcdex.rundir.replay import JournalState
from funcdex.rundir.status import cost_of
from funcdex.serving import Served, served_endpoints
from funcdex.snapshot import Observer, RunSnapshot
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.plan import plans
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.tally import Tally
from funcdex.types.record import Accepted, Draft, fold

LIVE_PER_SLOT = 2
"""Live conversations for each request that may be in flight: one being answered, one waiting its turn."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended. `fault` is why it stopped before the end, `rejected` is by reason."""

    planned: int
    accepted: int
    rejected: Mapping[str, int]
    elapsed_s: float
    interrupted: bool
    simulated: bool
    fault: FuncdexError | None = None

    @property
    def settled(self) -> int:
        """Conversations that have ended."""
        return self.accepted + sum(self.rejected.values())

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return asdict(replace(self, fault=None)) | {"fault": str(self.fault) if self.fault else None}


async def carry_out(order: Order, console: Console, observers: Sequence[Observer] = ()) -> Ending:
    """Works on a run until all is settled or it has to stop. Progress goes to `console`; `observers` look
    on while conversations are written.

    Raises FuncdexError if it cannot begin, and KeyboardInterrupt if it was interrupted before. Any other
    exception is a bug; its traceback is in the log.
    """
    share_fairly()
    give_back_buffers()
    ending: Ending | None = None
    with exclusive(order.run), RunLog(order.run.log) as log:
        interrupts = Interrupts(order.settings.pool.drain_timeout_s, partial(_say, log, console))
        try:
            async with anyio.create_task_group() as watching:
                watching.start_soon(interrupts.watch, watching.cancel_scope)
                ending = await _worked_on(order, console, log, interrupts, observers)
                watching.cancel_scope.cancel()
        except Exception as raised:
            fault = root_fault(raised)
            if isinstance(fault, FuncdexError):
                log.write("stopped", {"fault": _code(fault), "detail": str(fault)})
                raise fault from raised
            told = "".join(traceback.format_exception(raised))
            log.write("bug", {"fault": _code(fault), "detail": str(fault), "traceback": told})
            fault.add_note(f"The traceback is in {order.run.log}.")
            raise
    if ending is None:
        raise KeyboardInterrupt
    return ending


async def _worked_on(
    order: Order, console: Console, log: RunLog, interrupts: Interrupts, observers: Sequence[Observer]
) -> Ending:
    async with LocalCompiler() as compiler:
        grammars = Grammars(order.settings.generation, order.settings.grammar, compiler.fault_of)
        # First of all: a run that cannot be begun leaves no manifest behind.
        checked = await check_tools(plan_tool_sets(order.settings, order.bundles), grammars)
        state = await anyio.to_thread.run_sync(prepare, order)
        session = _Session(order, state, checked, grammars, console, log, interrupts, observers)
        return await session.work()


class _Session:
    def __init__(
        self,
        order: Order,
        state: JournalState,
        checked: CheckedTools,
        grammars: Grammars,
        console: Console,
        log: RunLog,
        interrupts: Interrupts,
        observers: Sequence[Observer],
    ) -> None:
        self._order = order
        self._state = state
        self._checked = checked
        self._grammars = grammars
        self._console = console
        self._log = log
        self._observers: Sequence[Observer] = (partial(show, console), *observers)
        self._started_s = time.monotonic()
        self._funnel = _funnel_of(order.settings.count, state)
        self._tally = Tally(log, dict(state.tokens))
        self._interrupts = interrupts
        self._simulated = state.simulated
        self._capacity_changed: Callable[[], None] = lambda: None

    async def work(self) -> Ending:
        self._log.write("session", {"planned": self._funnel.planned, "settled": self._funnel.settled})
        self._tell_damage()
        mending = partial(mend, self._order, self._state)
        if self._funnel.settled >= self._funnel.planned:
            await anyio.to_thread.run_sync(mending)
            return self._ending(None)
        if not self._order.settings.endpoints:
            raise ConfigError("no endpoint is named", where="--endpoints", fix="Name base URLs, or `sim`.")
        for note in self._checked.notes:
            self._say(note)
        async with served_endpoints(self._order.settings, self._say, self._note_candidate) as served:
            for candidate in served.candidates:
                self._note_candidate(candidate)
            # What the journal and the libraries brought stays, and the loop would wait for looks at it.
            with rarely_collected():
                return self._ending(await self._generate(served, mending))

    async def _generate(self, served: Served, mending: Callable[[], None]) -> FuncdexError | None:
        """Runs the pipeline; the fault that stopped it before the end, if one did. The outputs are mended
        while the first requests are out."""
        settings = self._order.settings
        fault: FuncdexError | None = None
        async with (
            open_journal(self._order.run, mending) as journal,
            Pool(
                served.candidates,
                settings.pool,
                on_event=self._log_event,
                patience_s=settings.pool.give_up_after_s if served.fleet else 0.0,
            ) as pool,
            anyio.create_task_group() as tasks,
            serving_guard(self._order, self._state.scenarios) as guard,
            serving_conversations(self._order, self._state.written) as conversations,
        ):
            context = Context(
                pool.generate,
                settings,
                self._order.bundles,
                guard,
                self._checked.tool_sets,
                self._grammars,
                conversations,
                self._log.write,
            )
            pipeline = Pipeline(context, self._tally.over(journal), self._funnel)
            self._capacity_changed = pipeline.capacity_changed
            if served.fleet:
                tasks.start_soon(served.fleet.follow, pool)
            for observe in self._observers:
                tasks.start_soon(observe, partial(self._snapshot, pool, pipeline))
            with self._interrupts.draining(partial(_drain, pool, pipeline), tasks.cancel_scope):
                await pipeline.run(self._drafts(), max_live=partial(_max_live, pool))
            fault = pipeline.fault
            # Ends the guard as well, so what comes after it in this block would be lost.
            tasks.cancel_scope.cancel()
        return fault

    def _drafts(self) -> Iterator[Draft]:
        """What is left to do, each from where it stands."""
        settings, state = self._order.settings, self._state
        for plan in plans(settings, self._order.bundles, state.restarts, without=state.settled):
            yield fold(plan, state.unsettled.get(plan.id, ()))

    def _snapshot(self, pool: Pool, pipeline: Pipeline) -> RunSnapshot:
        return RunSnapshot(
            planned=self._funnel.planned,
            accepted=self._funnel.accepted,
            rejected=dict(self._funnel.rejected),
            live=dict(self._funnel.live),
            stages_done=self._funnel.stages_done,
            elapsed_s=time.monotonic() - self._started_s,
            pool=pool.snapshot(),
            tokens=dict(self._tally.tokens),
            cost=cost_of(self._tally.tokens, self._order.settings.prices),
            settled_per_s=self._tally.pace.per_s(time.monotonic()),
            grammars=self._grammars.snapshot(),
            stopping=pipeline.stopping.is_set(),
        )

    def _ending(self, fault: FuncdexError | None) -> Ending:
        ending = Ending(
            planned=self._funnel.planned,
            accepted=self._funnel.accepted,
            rejected=dict(self._funnel.rejected),
            elapsed_s=time.monotonic() - self._started_s,
            interrupted=self._interrupts.count > 0 and self._funnel.settled < self._funnel.planned,
            simulated=self._simulated,
            fault=fault,
        )
        told = {"fault": _code(fault), "detail": str(fault)} if fault else {}
        self._log.write("ending", ending.as_json() | {"fault": None} | told)
        return ending

    def _tell_damage(self) -> None:
        if self._state.damaged:
            lines = ", ".join(map(str, self._state.damaged[:10]))
            self._say(
                f"{len(self._state.damaged)} damaged lines of the journal ({lines}) are put aside in "
                f"{self._order.run.damaged}; what they recorded is done again"
            )

    def _note_candidate(self, candidate: Candidate) -> None:
        """One that cannot be used is told of by the pool."""
        if isinstance(candidate.found, EndpointFacts):
            self._simulated |= candidate.found.simulated
            self._log.write("endpoint", {"endpoint": candidate.client.spec.url, **asdict(candidate.found)})

    def _log_event(self, event: PoolEvent) -> None:
        told = ("endpoint", "conversation_id", "fault", "detail")
        self._log.write(event.kind, {key: getattr(event, key) for key in told})
        if event.kind == "joined":
            self._capacity_changed()
        if event.kind in ("down", "refused", "left"):
            self._say(f"{event.endpoint}: {event.kind}: {event.detail}")

    def _say(self, text: str) -> None:
        _say(self._log, self._console, text)


def _say(log: RunLog, console: Console, text: str) -> None:
    log.write("notice", {"detail": text})
    tell(console, text)


def _drain(pool: Pool, pipeline: Pipeline) -> None:
    """Lets finish what is in flight, and begins nothing more."""
    pipeline.stopping.set()
    pool.drain()


def _code(fault: BaseException) -> str:
    """What to count a fault by: its kind if it is an endpoint's, else its class."""
    return fault.kind if isinstance(fault, EndpointError) else type(fault).__name__


def _funnel_of(planned: int, state: JournalState) -> Funnel:
    funnel = Funnel(planned)
    for outcome in state.settled.values():
        if isinstance(outcome, Accepted):
            funnel.accepted += 1
        else:
            funnel.rejected[outcome.reason] += 1
    return funnel


def _max_live(pool: Pool) -> int:
    return max(1, LIVE_PER_SLOT * pool.capacity)
