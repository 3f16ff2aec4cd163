"""A run without a model: the real pipeline and pool, stages that ask for answers of drawn lengths.

Each conversation takes seven requests, one after the other, as in a real run, each of 100 to 2,000 tokens
(spread evenly over the logarithm). All are rejected in the end, which spares parsing what nobody wrote.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

from saturated.endpoints import request_for

from funcdex.pipeline import Funnel, Pipeline
from funcdex.pool.live import max_live
from funcdex.pool.pool import Pool
from funcdex.settings.tree import Settings
from funcdex.stages.context import Context, dice
from funcdex.types.record import STAGES, Draft, Entry, Line, Plan, Stage, StageDone
from funcdex.types.request import Completion, Request

SHORTEST, LONGEST = 100, 2000


class NoJournal:
    """Acknowledges at once."""

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        """See `pipeline.Journal`."""


class _Means:
    """What a pipeline needs of a context here."""

    def __init__(self, pool: Pool) -> None:
        self.tokens = 0
        self._pool = pool
        self.settings = Settings()

    async def generate(self, request: Request) -> Completion:
        completion = await self._pool.generate(request)
        self.tokens += completion.completion_tokens
        return completion

    def shown(self, draft: Draft) -> tuple[()]:
        return ()


async def _ask(stage: Stage, draft: Draft, context: Context) -> StageDone:
    tokens = drawn_tokens(dice(draft.plan, stage))
    priority = STAGES.index(stage)
    await context.generate(request_for(tokens, name=draft.plan.id, stage=stage, priority=priority))
    value = {"scores": {"tool_use_quality": 1}} if stage == "judge" else {}
    return StageDone(draft.plan.id, stage, value)


def drawn_tokens(rng: random.Random) -> int:
    """A length of 100 to 2,000 tokens; the mean is 634."""
    return int(SHORTEST * (LONGEST / SHORTEST) ** rng.random())


async def write_conversations(pool: Pool, count: int) -> int:
    """Returns when all have ended: the tokens of all answers that counted."""
    means = _Means(pool)
    pipeline = Pipeline(
        cast("Context", means),
        NoJournal(),
        Funnel(count),
        stages={stage: partial(_ask, stage) for stage in STAGES},
    )
    await pipeline.run(_drafts(count), max_live=partial(max_live, pool))
    return means.tokens


def _drafts(count: int) -> Iterator[Draft]:
    return (Draft(Plan(f"conv_{n:05}", n, (), "clear", seed=n)) for n in range(1, count + 1))
