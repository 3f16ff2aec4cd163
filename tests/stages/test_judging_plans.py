"""Judges of plans: what they refuse is planned anew before a conversation is paid for."""

from __future__ import annotations

import json
from typing import Any

from planned import LOOK, SHOP, THEN_SEND, blueprint, plan, turn
from scripted_model import ScriptedModel, compiled_in_a_thread

from funcdex.dedup.guard import ScenarioGuard
from funcdex.errors import Unreachable
from funcdex.grammar.check import fault_at
from funcdex.settings.tree import Settings
from funcdex.stages.blueprint import read_blueprint
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars
from funcdex.stages.outline import write_outline
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.types.request import Completion, Request

ONE, OTHER = (json.dumps(blueprint(turn(LOOK, THEN_SEND)) | {"facts": facts}) for facts in (["Ada"], ["Bob"]))


def said(operations: str = "good", arguments: str = "good", course: str = "good") -> str:
    return json.dumps(
        {"reasoning": "So it is.", "operations": operations, "arguments": arguments, "course": course}
    )


async def outlined(
    plans: tuple[str, ...], opinions: tuple[str, ...], votes: int = 1, retries: int = 3
) -> tuple[Any, ScriptedModel]:
    model = ScriptedModel({"outline": plans, "judge": opinions})
    return await write_outline(DRAFT, context(model.generate, votes, retries)), model


def context(generate: Any, votes: int, retries: int = 3) -> Context:
    settings = Settings.model_validate(
        {"judge": {"plan_votes": votes}, "generation": {"max_stage_retries": retries}}
    )
    grammars = Grammars(settings.generation, settings.grammar, compiled_in_a_thread)
    sets = plan_tool_sets(settings, (SHOP,))
    return Context(generate, settings, (SHOP,), ScenarioGuard(()), sets, grammars)


DRAFT = Draft(plan("happy_path"), scenario="An invoice is lost.", persona="Ada, a clerk.")


async def test_a_plan_that_a_judge_finds_wrong_is_drawn_again_and_the_writer_is_told_why() -> None:
    outcome, model = await outlined((ONE, OTHER), (said(course="wrong: Ada knows it already"), said()))
    assert isinstance(outcome, StageDone)
    assert outcome.value["blueprint"]["facts"] == ["Bob"]
    assert outcome.value["blueprint"]["judged"] == {
        "votes": 1, "failed": 0, "operations": "good", "arguments": "good", "course": "good",
    }  # fmt: skip
    assert [request.stage for request in model.asked] == ["outline", "judge", "outline", "judge"]
    assert "- course: Ada knows it already" in model.asked[2].messages[1].content
    assert [used.stage for used in outcome.usage] == ["outline", "plan_judge", "outline", "plan_judge"]
    assert read_blueprint(outcome.value["blueprint"]).facts == ("Bob",), "a record's plan is read as before"
    told = model.asked[1].messages
    assert "FIND_INVOICES" in told[0].content and "An invoice is lost." in told[1].content
    assert "call 1: FIND_INVOICES" in told[1].content
    grammar = model.asked[1].grammar
    assert grammar is not None and fault_at(grammar, said(course="wrong: too much at once")) is None
    assert fault_at(grammar, said(course="wrong")) is not None, "no verdict without its reason"


async def test_a_plan_refused_to_the_end_ends_the_conversation_before_it_is_written() -> None:
    outcome, model = await outlined((ONE,), (said(operations="wrong: sends nothing"),), retries=1)
    assert isinstance(outcome, Rejected) and outcome.reason == "refused_plan"
    assert "operations: sends nothing" in outcome.detail and len(model.asked) == 4


async def test_the_majority_decides_and_two_halves_are_the_worse_one() -> None:
    bad = said(arguments="wrong: of another person")
    outcome, _ = await outlined((ONE,), (bad, said(), said("flawed: slow")), votes=3, retries=0)
    assert isinstance(outcome, StageDone) and outcome.value["blueprint"]["judged"]["votes"] == 3
    outcome, _ = await outlined((ONE,), (bad, said()), votes=2, retries=0)
    assert isinstance(outcome, Rejected) and "of another person" in outcome.detail


async def test_a_trifle_refuses_nothing() -> None:
    outcome, _ = await outlined((ONE,), (said("flawed: one call too many"),))
    assert isinstance(outcome, StageDone) and outcome.value["blueprint"]["judged"]["operations"] == "flawed"


async def test_judges_that_fail_have_no_vote_and_refuse_nothing() -> None:
    outcome, _ = await outlined((ONE,), ("I like it.",), votes=2)
    assert isinstance(outcome, StageDone)
    assert outcome.value["blueprint"]["judged"] == {"votes": 0, "failed": 2}

    model = ScriptedModel({"outline": (ONE,)})

    async def unreachable(request: Request) -> Completion:
        if request.stage == "judge":
            raise Unreachable("nobody there", where="http://x", fix="Start it.")
        return await model.generate(request)

    outcome = await write_outline(DRAFT, context(unreachable, votes=1))
    assert isinstance(outcome, StageDone) and outcome.value["blueprint"]["judged"]["failed"] == 1


async def test_nobody_is_asked_about_a_plan_that_a_program_refuses_or_where_nobody_wants_it() -> None:
    backwards = json.dumps(blueprint(turn(THEN_SEND)))
    outcome, model = await outlined((backwards,), (said(),), retries=1)
    assert isinstance(outcome, Rejected) and outcome.reason == "bad_blueprint"
    assert {request.stage for request in model.asked} == {"outline"}
    outcome, model = await outlined((ONE,), (said(),), votes=0)
    assert isinstance(outcome, StageDone) and "judged" not in outcome.value["blueprint"]
    assert [request.stage for request in model.asked] == ["outline"]
