"""Ranges side by side, without Ray: what they journal together is a whole run, whoever takes one over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from funcdex.cluster.decisions import Question
from funcdex.cluster.earlier import write_earlier
from funcdex.cluster.range_work import RangeOrder, RangeWorker
from funcdex.cluster.shard import Shard, ShardOrder
from funcdex.cluster.slices import slice_of
from funcdex.cluster.split import ranges
from funcdex.dedup.protocol import Verdict
from funcdex.guarding import examples_of
from funcdex.order import Order, order_from, prepare
from funcdex.rundir.reading import JournalState, read_journal
from funcdex.rundir.segments import begin_ranges
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.tree import Settings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints
from funcdex.stages.grammars import Grammars
from funcdex.stages.local_compile import LocalCompiler
from funcdex.stages.plan import plans
from funcdex.stages.tool_check import CheckedTools, check_tools
from funcdex.stages.tool_sets import plan_tool_sets

COUNT = 12


@pytest.fixture
async def order(tmp_path: Path) -> AsyncIterator[Order]:
    async with simulated_endpoints(1, SimConfig(step_ms=0.0)) as urls:
        settings = Settings.model_validate(
            {
                "endpoints": urls,
                "toolkits": ["gmail"],
                "count": COUNT,
                "generation": {
                    "min_user_turns": 1,
                    "max_user_turns": 1,
                    "distractor_tools": 0,
                    "max_tools": 3,
                },
                "dedup": {"layers": ["masked", "words"]},
            }
        )
        yield order_from(tmp_path / "run", settings)


class Session:
    """A session of two ranges, and one that decides, all in this process."""

    def __init__(self, order: Order, state: JournalState, checked: CheckedTools) -> None:
        self.number = begin_ranges(order.run)
        deciding = {bundle.name: 0 for bundle in order.bundles}
        write_earlier(order, state, self.number, deciding)
        self._decides = Shard(ShardOrder(order.run, order.settings.dedup, self.number, 0))
        examples = examples_of(state.scenarios, order.bundles)
        self.tasks = [
            RangeOrder(
                order, self.number, number, indices, slice_of(state, indices), checked, examples, deciding
            )
            for number, indices in enumerate(ranges(order.settings.count, state.settled, 2))
        ]

    def worker(self, number: int) -> RangeWorker:
        """One more process that works on a range."""
        return RangeWorker(self.tasks[number], self._scenarios, self._conversations)

    async def _scenarios(self, shard: int, questions: Sequence[Question]) -> Sequence[Verdict]:
        return await anyio.to_thread.run_sync(self._decides.decide_scenarios, questions)

    async def _conversations(self, shard: int, questions: Sequence[Question]) -> Sequence[Verdict]:
        return await anyio.to_thread.run_sync(self._decides.decide_conversations, questions)


async def begun(order: Order) -> Session:
    """The next session of a run."""
    async with LocalCompiler() as compiler:
        grammars = Grammars(order.settings.generation, order.settings.grammar, compiler.fault_of)
        checked = await check_tools(plan_tool_sets(order.settings, order.bundles), grammars)
    return Session(order, await anyio.to_thread.run_sync(prepare, order), checked)


async def test_two_ranges_settle_all_that_was_planned_and_send_every_line(order: Order) -> None:
    session = await begun(order)
    workers = [session.worker(0), session.worker(1)]
    with anyio.fail_after(300):
        async with anyio.create_task_group() as tasks:
            for worker in workers:
                tasks.start_soon(worker.work)
    state = read_journal(order.run)
    assert set(state.settled) == {plan.id for plan in plans(order.settings, order.bundles)}
    assert (state.repeated, state.passed_over, state.damaged) == (0, 0, ())
    reports = [await worker.report(0) for worker in workers]
    ended = [event for report in reports for event, _ in report.batch.events]
    assert ended.count("accepted") + ended.count("rejected") == COUNT
    lines = [
        line for report in reports for each in report.batch.lines for line in each.get("conversations", ())
    ]
    assert len(lines) == len(state.written)


async def test_a_range_that_stopped_is_gone_on_with_where_it_stood(order: Order) -> None:
    session = await begun(order)
    first = session.worker(0)
    with anyio.fail_after(300):
        await first.drain()
        stopped = await first.work()
        assert stopped.accepted == 0 and stopped.fault is None and stopped.epoch == 1
        done = await session.worker(0).work()
        assert done.accepted + sum(done.rejected.values()) == COUNT // 2 and done.epoch == 2
        again = await session.worker(0).work()
        assert (again.accepted, again.rejected) == (done.accepted, done.rejected)


async def test_the_next_session_goes_on_and_knows_what_was_admitted(order: Order) -> None:
    session = await begun(order)
    with anyio.fail_after(300):
        await session.worker(0).work()
        later = await begun(order)
        assert later.number > session.number and sum(len(task.indices) for task in later.tasks) == COUNT
        async with anyio.create_task_group() as tasks:
            for number in range(2):
                tasks.start_soon(later.worker(number).work)
    state = read_journal(order.run)
    assert len(state.settled) == COUNT and state.repeated == 0
    scenarios = [text for _, text in state.scenarios]
    assert len(scenarios) == len(set(scenarios))


@pytest.mark.parametrize("kind", ["file", "dns", "command"])
async def test_a_range_follows_what_lists_its_endpoints(tmp_path: Path, order: Order, kind: str) -> None:
    url = order.settings.endpoints[0].url
    (tmp_path / "workers.txt").write_text(f"{url}\n")
    listing = {
        "file": f"file:{tmp_path}/workers.txt",
        "dns": f"dns:localhost:{url.rpartition(':')[2]}",
        "command": f"command:cat {tmp_path}/workers.txt",
    }[kind]
    listed = order.settings.model_copy(update={"endpoints": (EndpointSpec(url=listing),)})
    with anyio.fail_after(300):
        session = await begun(replace(order, settings=listed))
        done = await session.worker(0).work()
    assert done.fault is None and done.accepted + sum(done.rejected.values()) == COUNT // 2
