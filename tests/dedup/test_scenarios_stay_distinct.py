from __future__ import annotations

import threading
from collections.abc import Sequence

import anyio
import anyio.to_thread
import numpy as np
import pytest
from planted import Planted, by_meaning, serving

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import MAX_BATCH, ScenarioGuard
from funcdex.dedup.index import FloatArray
from funcdex.dedup.protocol import Duplicate


class Held(Planted):
    """Works only once it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.working, self.go_on = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.working.set()
        assert self.go_on.wait(30)
        return super().encode(texts)


async def test_a_near_scenario_of_the_same_toolkits_is_refused_with_what_it_repeats() -> None:
    async with serving(by_meaning(Planted(), threshold=0.95)) as guard:
        assert await guard.admit("gmail", "first 0.0") is None
        duplicate = await guard.admit("gmail", "second 0.1")
        assert await guard.admit("gmail", "third 0.5") is None
        assert await guard.admit("jira", "fourth 0.0") is None
    assert duplicate is not None
    assert (duplicate.layer, duplicate.of) == ("embedding", "first 0.0")
    assert duplicate.similarity == pytest.approx((np.cos(0.1 * np.pi) + 1) / 2, abs=2e-4)


async def test_of_many_equal_scenarios_at_once_exactly_one_is_admitted() -> None:
    answers: list[Duplicate | None] = []

    async def ask(guard: ScenarioGuard, text: str) -> None:
        answers.append(await guard.admit("gmail", text))

    embedder = Planted()
    async with serving(by_meaning(embedder, threshold=0.95)) as guard, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(ask, guard, f"text{number} 0.25")
    assert sum(answer is None for answer in answers) == 1
    assert len(embedder.batches) < 10, "questions that wait together are embedded together"


async def test_who_asked_first_is_admitted_also_across_batches() -> None:
    """Numbers in groups of four mean the same; the first of each group asked is the one that stays."""
    answers: dict[int, Duplicate | None] = {}

    async def ask(guard: ScenarioGuard, number: int) -> None:
        answers[number] = await guard.admit("gmail", f"text{number} {number // 4 / 50}")

    async with serving(by_meaning(Planted(), threshold=0.9992)) as guard:
        async with anyio.create_task_group() as tasks:
            for number in range(3 * MAX_BATCH):
                tasks.start_soon(ask, guard, number)
                if number == 5:
                    await anyio.wait_all_tasks_blocked()
    admitted = [number for number, answer in sorted(answers.items()) if answer is None]
    assert admitted == list(range(0, 3 * MAX_BATCH, 4))
    assert guard.examples("gmail", 3) == [f"text{number} {number // 4 / 50}" for number in admitted[-3:]]
    duplicate = answers[7]
    assert duplicate is not None and duplicate.of == f"text4 {1 / 50}"


async def test_what_waits_while_the_model_works_is_embedded_in_one_call() -> None:
    embedder = Held()
    async with serving(by_meaning(embedder, threshold=0.95)) as guard, anyio.create_task_group() as tasks:
        tasks.start_soon(guard.admit, "gmail", "first 0.1")
        await anyio.to_thread.run_sync(embedder.working.wait)
        for number in range(30):
            tasks.start_soon(guard.admit, "gmail", f"text{number} {number / 30}")
        await anyio.wait_all_tasks_blocked()
        embedder.go_on.set()
    assert embedder.batches == [1, 30]


async def test_of_several_toolkit_sets_in_one_batch_none_sees_the_others() -> None:
    layer = by_meaning(Planted(), threshold=0.95)
    items = [("gmail", "a 0.1"), ("jira", "b 0.1"), ("gmail", "c 0.1"), ("jira", "d 0.8"), ("jira", "e 0.1")]
    verdicts = layer.admit(items)
    assert [verdict.of if isinstance(verdict, Duplicate) else None for verdict in verdicts] == [
        None,
        None,
        "a 0.1",
        None,
        "b 0.1",
    ]


async def test_case_punctuation_and_spacing_do_not_make_a_scenario_new() -> None:
    async with serving(ExactLayer()) as guard:
        assert await guard.admit("gmail", "Send it - now!") is None
        assert await guard.admit("gmail", "send  it now") == Duplicate("exact", 1.0, "send  it now")


async def test_scenarios_of_an_earlier_session_count() -> None:
    earlier = {"gmail": ["old 0.2"], "jira": ["other 0.9"]}
    async with serving(by_meaning(Planted(), threshold=0.95), earlier=earlier) as guard:
        assert await guard.admit("gmail", "new 0.2") is not None
        assert await guard.admit("gmail", "new 0.9") is None
        assert guard.examples("gmail", 5) == ["old 0.2", "new 0.9"]
        assert guard.examples("gmail", 0) == []


async def test_examples_of_an_earlier_session_are_there_before_it_is_taken_in() -> None:
    guard = ScenarioGuard([ExactLayer()], {"gmail": [f"text {number}" for number in range(100)]})
    assert guard.examples("gmail", 3) == ["text 97", "text 98", "text 99"]


async def test_a_fault_of_the_model_reaches_who_asked_and_the_guard_goes_on() -> None:
    async with serving(by_meaning(Planted(), threshold=0.95)) as guard:
        with pytest.raises(ValueError, match="could not convert"):
            await guard.admit("gmail", "no number")
        assert await guard.admit("gmail", "fine 0.1") is None
