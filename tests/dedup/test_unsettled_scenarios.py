"""A model has the last word on what words and vectors leave open, while the guard answers others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from planted import Planted, serving
from scripted_model import ScriptedModel, context, draft

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.meaning import MeaningFinder
from funcdex.dedup.protocol import Duplicate
from funcdex.dedup.rules import OFF, Thresholds
from funcdex.errors import Draining, TimedOut
from funcdex.stages.context import Context
from funcdex.stages.scenario import write_scenario
from funcdex.types.record import Rejected, StageDone


def unsettling(most: int = 3) -> LikenessLayer:
    """Whatever lies within a tenth of a half circle is unsettled, and nothing is refused."""
    return LikenessLayer(
        [MeaningFinder(Planted())], Thresholds(OFF, OFF, embedding=OFF, unsettled=0.975), most
    )


class Judge:
    """Answers as it is told, and waits where it is told to."""

    def __init__(self, *answers: bool | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []
        self.go_on = anyio.Event()
        self.go_on.set()

    async def __call__(self, new: str, earlier: str) -> bool | None:
        self.asked.append((new, earlier))
        await self.go_on.wait()
        return self.answers.pop(0)


async def test_it_is_refused_if_the_model_says_so_and_admitted_otherwise() -> None:
    judge = Judge(True, False, False)
    async with serving(unsettling()) as guard:
        assert await guard.admit("a", "one 0.1", judge) is None
        duplicate = await guard.admit("a", "two 0.11", judge)
        assert duplicate is not None and (duplicate.layer, duplicate.of) == ("adjudicator", "one 0.1")
        assert await guard.admit("a", "three 0.19", judge) is None
        assert await guard.admit("a", "far 0.9", judge) is None
        assert guard.examples("a", 9) == ["one 0.1", "three 0.19", "far 0.9"]
    assert judge.asked[0] == ("two 0.11", "one 0.1")


async def test_no_more_candidates_are_asked_about_than_there_may_be() -> None:
    async with serving(unsettling(most=2)) as guard:
        for text in ("a 0.10", "b 0.11", "c 0.12", "d 0.13"):
            await guard.admit("a", text, Judge(False, False))
        judge = Judge(False, False)
        assert await guard.admit("a", "e 0.14", judge) is None
    assert judge.asked == [("e 0.14", "d 0.13"), ("e 0.14", "c 0.12")]


async def test_without_an_answer_it_is_admitted() -> None:
    judge = Judge(None)
    async with serving(unsettling()) as guard:
        assert await guard.admit("a", "one 0.1") is None
        assert await guard.admit("a", "two 0.1", judge) is None
        assert await guard.admit("a", "three 0.1") is None, "nobody to ask"
    assert len(judge.asked) == 1


async def test_of_two_alike_that_arrive_together_one_is_refused_while_others_are_answered() -> None:
    judge, answers = Judge(True), dict[str, Duplicate | None]()
    judge.go_on = anyio.Event()

    async def ask(guard: ScenarioGuard, text: str) -> None:
        answers[text] = await guard.admit("a", text, judge)

    async with serving(unsettling()) as guard, anyio.create_task_group() as tasks:
        tasks.start_soon(ask, guard, "one 0.5")
        tasks.start_soon(ask, guard, "two 0.5")
        await anyio.wait_all_tasks_blocked()
        while not judge.asked:
            await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(30):
            assert await guard.admit("a", "elsewhere 0.9", judge) is None
        assert "two 0.5" not in answers
        judge.go_on.set()
    assert answers["one 0.5"] is None
    assert answers["two 0.5"] is not None and answers["two 0.5"].of == "one 0.5"


async def test_what_is_being_judged_counts_as_there() -> None:
    judge = Judge(False, True)
    judge.go_on = anyio.Event()
    async with serving(unsettling()) as guard, anyio.create_task_group() as tasks:
        assert await guard.admit("a", "one 0.50") is None
        tasks.start_soon(guard.admit, "a", "two 0.55", judge)
        while not judge.asked:
            await anyio.wait_all_tasks_blocked()
        later = Judge(True)
        duplicate = await guard.admit("a", "three 0.62", later)
        judge.go_on.set()
    assert duplicate is not None and duplicate.of == "two 0.55"


PLAIN = ("The choir moves its rehearsals to the cellar.", "A zoo orders hay for two elephants.")


def means(model: ScriptedModel, layer: LikenessLayer, noted: list[Any]) -> tuple[Context, ScenarioGuard]:
    made = context(model, dedup={"adjudicator": "on", "max_scenario_retries": 1})
    guard = ScenarioGuard([ExactLayer(), layer])
    return (
        Context(
            made.generate, made.settings, made.bundles, guard, made.tool_sets, made.grammars, None,
            lambda event, told: noted.append((event, dict(told))),
        ),
        guard,
    )  # fmt: skip


class Everything:
    """All texts lie at one place."""

    def encode(self, texts: Sequence[str]) -> Any:
        return Planted().encode(["0.5"] * len(texts))


def all_unsettled() -> LikenessLayer:
    return LikenessLayer([MeaningFinder(Everything())], Thresholds(OFF, OFF, embedding=OFF, unsettled=0.9), 3)


class Model(ScriptedModel):
    """Tells the adjudicator's question from the scenario's, and fails at it if it is told to."""

    def __init__(self, verdict: str | Exception, *scenarios: str) -> None:
        super().__init__({"scenario": scenarios})
        self.verdict = verdict

    async def generate(self, request: Any) -> Any:
        if "same_task" not in request.messages[1].content:
            return await super().generate(request)
        self.asked.append(request)
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return await ScriptedModel({"scenario": [self.verdict]}).generate(request)


async def outcome_of(model: Model, noted: list[Any]) -> StageDone | Rejected:
    made, guard = means(model, all_unsettled(), noted)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        await guard.admit("post", PLAIN[0])
        outcome = await write_scenario(draft(), made)
        tasks.cancel_scope.cancel()
    return outcome


async def test_the_question_stands_in_the_bill_of_the_scenario() -> None:
    model, noted = Model('{"same_task": false}', PLAIN[1]), list[Any]()
    outcome = await outcome_of(model, noted)
    assert isinstance(outcome, StageDone) and outcome.value["scenario"] == PLAIN[1]
    assert outcome.value["adjudicated"] == [{"of": PLAIN[0], "same": False}]
    assert [each.stage for each in outcome.usage] == ["scenario", "adjudicator"]
    question = model.asked[1]
    assert question.grammar is not None and question.stage == "scenario"
    assert PLAIN[0] in question.messages[1].content and PLAIN[1] in question.messages[1].content
    assert noted == []


async def test_the_next_sample_is_asked_to_differ_from_what_the_last_one_repeated() -> None:
    model = Model('{"same_task": true}', PLAIN[1], "A nurse sorts the allergy forms of a camp.")
    outcome = await outcome_of(model, [])
    samples = [
        request.messages[1].content
        for request in model.asked
        if "new situation" in request.messages[1].content
    ]
    assert len(samples) == 2 and all(PLAIN[0] in sample for sample in samples)
    assert isinstance(outcome, Rejected) and outcome.reason == "duplicate_scenario"
    assert "adjudicator similarity 1.000" in outcome.detail


@pytest.mark.parametrize(
    "verdict", ["no idea", '{"same_task": 1}', "[]", TimedOut("late", where="x", fix="y")]
)
async def test_a_question_that_fails_admits_the_scenario_and_is_noted(verdict: str | Exception) -> None:
    noted: list[Any] = []
    outcome = await outcome_of(Model(verdict, PLAIN[1]), noted)
    assert isinstance(outcome, StageDone)
    assert noted == [("adjudicator_failed", {"conversation_id": outcome.id, "questions": 1})]


async def test_a_run_that_stops_is_not_held_up_by_a_question() -> None:
    with pytest.raises(BaseExceptionGroup) as raised:
        await outcome_of(Model(Draining("stopping", where="pool", fix="Resume."), PLAIN[1]), [])
    assert isinstance(raised.value.exceptions[0], Draining)
