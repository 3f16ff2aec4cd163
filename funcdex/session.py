"""One session of a run: from an order to its ending, whatever lies in the run directory already.

lock -> tools checked -> manifest, journal read -> endpoints probed -> pipeline, outputs mended -> ending
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import anyio
import anyio.to_thread
from rich.console import Console

from funcdex.display.live import show, tell
from funcdex.errors import ConfigError, EndpointError, FuncdexError, root_fault
from funcdex.interrupts import Interrupts
from funcdex.memory import give_back_buffers
from funcdex.off_loop import share_fairly
from funcdex.order import Order, prepare
from funcdex.rundir.lock import exclusive
from funcdex.rundir.log import RunLog
from funcdex.snapshot import Observer
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.tool_check import check_tools
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.tool_links import with_links
from funcdex.working import Done, Job, funnel_of, in_one_process

Labour = Callable[[Job], Awaitable[Done]]
"""Who does the work of a session. Raises FuncdexError if it cannot begin."""


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


async def carry_out(
    order: Order,
    console: Console,
    observers: Sequence[Observer] = (),
    labour: Labour = in_one_process,
) -> Ending:
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
                ending = await _worked_on(order, console, log, interrupts, observers, labour)
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
    order: Order,
    console: Console,
    log: RunLog,
    interrupts: Interrupts,
    observers: Sequence[Observer],
    labour: Labour,
) -> Ending:
    async with LocalCompiler() as compiler:
        grammars = Grammars(order.settings.generation, order.settings.grammar, compiler.fault_of)
        # First of all: a run that cannot be begun leaves no manifest behind.
        checked = await check_tools(plan_tool_sets(order.settings, order.bundles), grammars)
        state = await anyio.to_thread.run_sync(prepare, order)
        looking_on: Sequence[Observer] = (partial(show, console), *observers)
        say = partial(_say, log, console)
        if funnel_of(order.settings.count, state).settled < order.settings.count:
            order = await with_links(order, say)
        job = Job(order, state, checked, grammars, log, say, interrupts.draining, looking_on)
        return await _Session(job, log, interrupts).work(labour)


class _Session:
    def __init__(self, job: Job, log: RunLog, interrupts: Interrupts) -> None:
        self._job = job
        self._log = log
        self._interrupts = interrupts
        self._started_s = time.monotonic()

    async def work(self, labour: Labour) -> Ending:
        job = self._job
        done = Done(funnel_of(job.order.settings.count, job.state), job.state.simulated)
        self._log.write("session", {"planned": done.funnel.planned, "settled": done.funnel.settled})
        self._tell_damage()
        if done.funnel.settled >= done.funnel.planned:
            await anyio.to_thread.run_sync(job.mending)
            return self._ending(done)
        if not job.order.settings.endpoints:
            raise ConfigError("no endpoint is named", where="--endpoints", fix="Name base URLs, or `sim`.")
        for note in job.checked.notes:
            job.say(note)
        return self._ending(await labour(job))

    def _ending(self, done: Done) -> Ending:
        funnel, fault = done.funnel, done.fault
        ending = Ending(
            planned=funnel.planned,
            accepted=funnel.accepted,
            rejected=dict(funnel.rejected),
            elapsed_s=time.monotonic() - self._started_s,
            interrupted=self._interrupts.count > 0 and funnel.settled < funnel.planned,
            simulated=done.simulated,
            fault=fault,
        )
        told = {"fault": _code(fault), "detail": str(fault)} if fault else {}
        self._log.write("ending", ending.as_json() | {"fault": None} | told)
        return ending

    def _tell_damage(self) -> None:
        if damaged := self._job.state.damaged:
            lines = ", ".join(map(str, damaged[:10]))
            self._job.say(
                f"{len(damaged)} damaged lines of the journal ({lines}) are put aside in "
                f"{self._job.order.run.damaged}; what they recorded is done again"
            )


def _say(log: RunLog, console: Console, text: str) -> None:
    log.write("notice", {"detail": text})
    tell(console, text)


def _code(fault: BaseException) -> str:
    """What to count a fault by: its kind if it is an endpoint's, else its class."""
    return fault.kind if isinstance(fault, EndpointError) else type(fault).__name__
