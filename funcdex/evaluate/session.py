"""An evaluation from beginning to end: what is missing is asked, and all that is there is scored.

lock -> what was asked compared -> answers read -> endpoints probed -> asked -> scored -> ending
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from rich.console import Console

from funcdex import __version__
from funcdex.dataset.source import Damages, Source, source_of
from funcdex.display.live import tell
from funcdex.errors import ConfigError, FuncdexError, root_fault
from funcdex.evaluate.asking import Asking, Progress
from funcdex.evaluate.folder import (
    Asked,
    Dataset,
    EvalDir,
    dataset_at,
    read_asked,
    refuse_changes,
    write_asked,
)
from funcdex.evaluate.journal import AnswerLog, Entry, Fault, read_answers
from funcdex.evaluate.progress import show
from funcdex.evaluate.questions import Question, Requests, questions_of, records_in
from funcdex.evaluate.scoring import score
from funcdex.interrupts import Interrupts
from funcdex.memory import give_back_buffers, rarely_collected
from funcdex.off_loop import share_fairly
from funcdex.pool.events import PoolEvent
from funcdex.pool.joining import Candidate
from funcdex.pool.live import drain, max_live
from funcdex.pool.pool import Pool
from funcdex.rundir.files import replace_file
from funcdex.rundir.lock import exclusive
from funcdex.serving import probed_endpoints
from funcdex.settings.tree import Settings

BOOTSTRAP_SEED = 0
GO_ON = "the same command goes on"


@dataclass(frozen=True, slots=True)
class EvalOrder:
    """What the user wants evaluated, on what, and where it is kept."""

    folder: EvalDir
    dataset: Path
    settings: Settings
    limit: int | None = None
    tool_choice: str = "auto"
    calls_in_text: bool = False


@dataclass(slots=True)
class Outcome:
    """How it ended. `report` is what `scores.json` holds; `fault` is why it stopped before the end."""

    report: Mapping[str, Any]
    whole: bool
    interrupted: bool = False
    fault: FuncdexError | None = None
    damages: Damages = field(default_factory=Damages)


async def carry_out(order: EvalOrder, console: Console) -> Outcome:
    """Raises FuncdexError if it cannot begin, KeyboardInterrupt if it was interrupted before anything was
    asked."""
    share_fairly()
    give_back_buffers()
    outcome: Outcome | None = None
    with exclusive(order.folder.as_run, "--out"):
        say = partial(tell, console)
        interrupts = Interrupts(order.settings.pool.drain_timeout_s, say, GO_ON)
        try:
            async with anyio.create_task_group() as watching:
                watching.start_soon(interrupts.watch, watching.cancel_scope)
                outcome = await _worked_on(order, console, interrupts)
                watching.cancel_scope.cancel()
        except Exception as raised:
            fault = root_fault(raised)
            if isinstance(fault, FuncdexError):
                raise fault from raised
            raise
    if outcome is None:
        raise KeyboardInterrupt
    return outcome


async def _worked_on(order: EvalOrder, console: Console, interrupts: Interrupts) -> Outcome:
    source = source_of(records_in(order.dataset))
    dataset = await anyio.to_thread.run_sync(dataset_at, source.path)
    asked = _prepared(order, dataset)
    answers = await anyio.to_thread.run_sync(read_answers, order.folder.answers)
    session = _Session(order, asked, source, dataset, console, interrupts)
    fault = await session.ask(answers)
    answers = await anyio.to_thread.run_sync(read_answers, order.folder.answers)
    outcome = await anyio.to_thread.run_sync(partial(_scored, order, asked, source, answers, session.whole))
    return replace(outcome, fault=fault, interrupted=interrupts.count > 0 and not session.whole)


def _prepared(order: EvalOrder, dataset: Dataset) -> Asked:
    sampling = order.settings.sampling.evaluation
    asked = Asked(
        dataset=dataset.path,
        digest=dataset.digest,
        limit=order.limit,
        model=order.settings.model,
        sampling=sampling.model_dump(),
        seed=order.settings.seed,
        tool_choice=order.tool_choice,
        calls_in_text=order.calls_in_text,
        funcdex=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if order.folder.exists:
        begun = read_asked(order.folder)
        refuse_changes(begun, asked, order.folder)
        asked = replace(asked, created_at=begun.created_at)
    write_asked(order.folder, asked)
    return asked


class _Session:
    """`whole`: every context has an answer, or a fault that was not tried again."""

    def __init__(
        self,
        order: EvalOrder,
        asked: Asked,
        source: Source,
        dataset: Dataset,
        console: Console,
        interrupts: Interrupts,
    ) -> None:
        self._order = order
        self._asked = asked
        self._source = source
        self._console = console
        self._interrupts = interrupts
        self._progress = Progress(dataset.lines)
        self.whole = False

    async def ask(self, answers: Mapping[str, Entry]) -> FuncdexError | None:
        """Asks what is missing; why it stopped before the end, if it did."""
        again = bool(self._order.settings.endpoints)
        done = {key for key, entry in answers.items() if not (again and isinstance(entry, Fault))}
        questions = questions_of(self._source, self._asked.limit, Damages())
        first = await anyio.to_thread.run_sync(_first_missing, questions, done)
        if first is None:
            self.whole = True
            return None
        if not self._order.settings.endpoints:
            raise ConfigError("no endpoint is named", where="--endpoints", fix="Name base URLs, or `sim`.")
        self._progress.kept = len(done)
        missing = chain([first], questions)
        endpoints = probed_endpoints(self._order.settings, one_is_needed=True, ask_for_grammar=False)
        async with endpoints as candidates:
            with rarely_collected():
                return await self._ask(missing, done.__contains__, candidates)

    async def _ask(
        self,
        questions: chain[Question],
        is_done: Callable[[str], bool],
        candidates: Sequence[Candidate],
    ) -> FuncdexError | None:
        settings = self._order.settings
        log = AnswerLog(self._order.folder.answers)
        requests = Requests(self._asked, settings.sampling.evaluation.timeout_s)
        events = partial(_tell_event, self._console)
        async with anyio.create_task_group() as writing:
            writing.start_soon(log.write_until_closed)
            try:
                async with (
                    Pool(candidates, settings.pool, on_event=events, require_enforcement=False) as pool,
                    anyio.create_task_group() as tasks,
                ):
                    asking = Asking(pool.generate, requests, log, self._progress, pool.drain)
                    tasks.start_soon(show, self._console, partial(_view, self._progress, pool))
                    with self._interrupts.draining(partial(drain, pool, asking.stop), tasks.cancel_scope):
                        await asking.run(questions, is_done, partial(max_live, pool))
                        self.whole = not asking.stopping.is_set()
                    tasks.cancel_scope.cancel()
            finally:
                log.close()
        return asking.fault or log.fault


def _first_missing(questions: Any, done: set[str]) -> Question | None:
    return next((question for question in questions if question.key not in done), None)


def _view(progress: Progress, pool: Pool) -> tuple[Progress, Any]:
    return progress, pool.snapshot()


def _tell_event(console: Console, event: PoolEvent) -> None:
    if event.kind in ("down", "refused"):
        tell(console, f"{event.endpoint}: {event.kind}: {event.detail}")


def _scored(
    order: EvalOrder, asked: Asked, source: Source, answers: Mapping[str, Entry], whole: bool
) -> Outcome:
    damages = Damages()
    began_s = time.process_time()
    figures = score(order.folder, asked, source, answers, damages)
    told = figures.as_json(order.settings.prices, BOOTSTRAP_SEED)
    report = {
        "asked": asdict(asked),
        "whole": whole,
        "left_out": {"lines": damages.count, "named": damages.named},
        **told,
        "scoring_cpu_s": round(time.process_time() - began_s, 4),
    }
    replace_file(order.folder.scores, json.dumps(report, indent=2).encode() + b"\n")
    return Outcome(report, whole, damages=damages)
