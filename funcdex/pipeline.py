"""The run on one page.

    plan -> scenario (+ dedup) -> persona -> outline -> tools -> conversation (+ checks) -> system prompt
         -> judge -> accepted

Every conversation flows on its own, in a task of its own, and has at most one request waiting or in
flight; there is no barrier between stages and no queue but the pool's. The number of live conversations
is bounded, so memory is flat, and the pool prefers advanced ones, so they leave early.
What a stage adds is in the journal before the next stage begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import anyio.lowlevel

from funcdex.errors import (
    CheckpointError,
    Draining,
    EndpointError,
    FuncdexError,
    GrammarError,
    NoEndpointAvailable,
    without_frames,
)
from funcdex.export.lines import lines_after
from funcdex.stages.context import Context
from funcdex.stages.conversation import write_conversation
from funcdex.stages.judge import judge, settle
from funcdex.stages.outline import write_outline
from funcdex.stages.persona import write_persona
from funcdex.stages.scenario import write_scenario
from funcdex.stages.system_prompt import write_system_prompt
from funcdex.stages.tool_selection import select_tools
from funcdex.types.record import STAGES, Accepted, Draft, Entry, Line, Rejected, Stage, StageDone

StageFunction = Callable[[Draft, Context], Awaitable[StageDone | Rejected]]

STAGE_FUNCTIONS: Mapping[Stage, StageFunction] = {
    "scenario": write_scenario,
    "persona": write_persona,
    "outline": write_outline,
    "tools": select_tools,
    "conversation": write_conversation,
    "system_prompt": write_system_prompt,
    "judge": judge,
}
assert tuple(STAGE_FUNCTIONS) == STAGES


class Journal(Protocol):
    """Where progress is kept: `append` returns when the entries are durable."""

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        """`lines` are what the readable outputs gain by these entries."""


@dataclass(slots=True)
class Funnel:
    """Where the conversations of a run are. `stages_done` counts those of this session."""

    planned: int
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    live: Counter[str] = field(default_factory=Counter)
    stages_done: int = 0

    @property
    def settled(self) -> int:
        """Conversations that have ended."""
        return self.accepted + self.rejected.total()


@dataclass(slots=True)
class Pipeline:
    """Carries drafts to their end. `stopping` set: no stage begins any more, those begun are finished.

    `fault` is what made it stop by itself: no endpoint for too long, or a disk that takes no more.
    """

    context: Context
    journal: Journal
    funnel: Funnel
    stages: Mapping[Stage, StageFunction] = field(default_factory=lambda: STAGE_FUNCTIONS)
    stopping: anyio.Event = field(default_factory=anyio.Event)
    fault: FuncdexError | None = None
    _live: int = 0
    _one_step_on: anyio.Event = field(default_factory=anyio.Event)

    async def run(self, drafts: Iterable[Draft], max_live: Callable[[], int]) -> None:
        """Carries every draft, at most `max_live()` at once, which may change as endpoints find their limits;
        returns when all have ended or stopped."""
        async with anyio.create_task_group() as tasks:
            for draft in drafts:
                while self._live >= max_live():
                    self._one_step_on = anyio.Event()
                    await self._one_step_on.wait()
                if self.stopping.is_set():
                    break
                self._live += 1
                tasks.start_soon(self._carry, draft)
                # Thousands begun in one turn of the event loop would hold it for seconds.
                await anyio.lowlevel.checkpoint()

    def capacity_changed(self) -> None:
        """`max_live` may say more now, and not because anything went on."""
        self._one_step_on.set()

    async def _carry(self, draft: Draft) -> None:
        try:
            await self._advance(draft)
        except Draining:
            pass  # It stays where its last stage left it.
        except (NoEndpointAvailable, CheckpointError) as fault:
            self.fault = self.fault or fault
            self.stopping.set()
        finally:
            self._live -= 1
            self._one_step_on.set()

    async def _advance(self, draft: Draft) -> None:
        if draft.next_stage is None:  # Its last session ended between the last stage and this.
            await self._record(draft, self._end_of(draft))
        while (stage := draft.next_stage) and not self.stopping.is_set():
            outcome = await self._step(stage, draft)
            if isinstance(outcome, Rejected):
                await self._record(draft, outcome)
                return
            draft = draft.after(outcome)
            await self._record(draft, outcome, *(() if draft.next_stage else (self._end_of(draft),)))
            self._one_step_on.set()  # Limits grow by answers, long before a conversation ends.

    def _end_of(self, draft: Draft) -> Accepted | Rejected:
        return settle(draft, self.context.settings.judge)

    async def _step(self, stage: Stage, draft: Draft) -> StageDone | Rejected:
        self.funnel.live[stage] += 1
        try:
            return await self.stages[stage](draft, self.context)
        except EndpointError as error:
            return Rejected(draft.plan.id, stage, error.kind, str(without_frames(error)))
        except GrammarError as error:
            return Rejected(draft.plan.id, stage, "grammar", str(error))
        finally:
            self.funnel.live[stage] -= 1

    async def _record(self, draft: Draft, *entries: StageDone | Accepted | Rejected) -> None:
        tools = self.context.shown(draft)
        await self.journal.append(
            entries, [line for one in entries for line in lines_after(draft, one, tools)]
        )
        for entry in entries:
            if isinstance(entry, StageDone):
                self.funnel.stages_done += 1
            elif isinstance(entry, Accepted):
                self.funnel.accepted += 1
            else:
                self.funnel.rejected[entry.reason] += 1
