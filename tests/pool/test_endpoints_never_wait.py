"""Endpoints have work as long as there is any: the real pool and pipeline on a virtual clock."""

from __future__ import annotations

from collections import Counter

import anyio
import pytest
from saturated.conversations import NoJournal
from saturated.endpoints import ModelEndpoint, candidate, request_for
from saturated.model_server import ModelServer, constant_step
from saturated.scenarios import conversations, one_endpoint, unequal_endpoints
from saturated.virtual import run_virtually
from scripted_model import ScriptedModel, context

from funcdex.pipeline import Funnel, Pipeline
from funcdex.pool.member import Member
from funcdex.pool.pool import Pool
from funcdex.settings.pool import PoolSettings
from funcdex.stages.context import Context
from funcdex.types.record import Draft, Plan, Rejected, StageDone


def test_one_endpoint_is_full_from_beginning_to_end() -> None:
    assert run_virtually(one_endpoint).whole >= 0.99


@pytest.mark.parametrize("spread", [1, 20])
def test_unequal_endpoints_that_say_nothing_are_full_after_some_answers(spread: int) -> None:
    async def work() -> tuple[float, float]:
        shares = await unequal_endpoints(24.0, spread=spread, warm_s=10.0)
        return shares.until_last_5_percent, shares.steady

    from_the_start, steady = run_virtually(work)
    assert from_the_start >= 0.95 and steady >= 0.98


def test_conversations_of_dependent_requests_leave_no_slot_idle_before_the_end() -> None:
    async def work() -> float:
        return (await conversations(2, 32, 300, told=False)).until_last_5_percent

    assert run_virtually(work) >= 0.97


async def test_more_conversations_are_begun_as_soon_as_endpoints_take_more() -> None:
    most, both = 1, anyio.Event()

    async def answered(draft: Draft, context: Context) -> StageDone:
        nonlocal most
        most = 2  # As a limit grows by an answer.
        return StageDone(draft.plan.id, "scenario", {})

    async def waits_for_the_other(draft: Draft, context: Context) -> Rejected:
        if draft.plan.index == 2:
            both.set()
        await both.wait()
        return Rejected(draft.plan.id, "persona", "enough")

    pipeline = Pipeline(
        context(ScriptedModel({})),
        NoJournal(),
        Funnel(2),
        stages={"scenario": answered, "persona": waits_for_the_other},
    )
    drafts = [Draft(Plan(f"conv_{n}", n, (), "clear", seed=n)) for n in (1, 2)]
    with anyio.fail_after(20):
        await pipeline.run(drafts, max_live=lambda: most)
    assert pipeline.funnel.rejected["enough"] == 2


def test_a_request_looks_at_no_more_endpoints_where_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: Counter[str] = Counter()
    has_room = Member.has_room

    def counted(member: Member, now_s: float) -> bool:
        looked["at"] += 1
        return has_room(member, now_s)

    monkeypatch.setattr(Member, "has_room", counted)

    async def work(endpoints: int) -> int:
        clients = [
            ModelEndpoint(f"http://e{n}", ModelServer(64, constant_step(0.01))) for n in range(endpoints)
        ]
        async with Pool([candidate(one, slots=64) for one in clients], PoolSettings()) as pool:
            await pool.generate(request_for(10))
            looked.clear()
            for _ in range(10):
                await pool.generate(request_for(10))
        return looked["at"]

    assert run_virtually(lambda: work(64)) == run_virtually(lambda: work(1))
