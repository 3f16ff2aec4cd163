from __future__ import annotations

import anyio
import pytest
from scripted_model import BUNDLE, ScriptedModel, context, conversation, draft

from funcdex.dedup.guard import ScenarioGuard
from funcdex.settings.tree import Settings
from funcdex.stages.persona import write_persona
from funcdex.stages.plan import plan_of, plans
from funcdex.stages.prompt import prompt_versions
from funcdex.stages.scenario import write_scenario
from funcdex.stages.system_prompt import write_system_prompt
from funcdex.stages.tool_selection import select_tools
from funcdex.types.record import ROLES, Rejected, StageDone
from funcdex.types.tools import Bundle, Tool, Toolkit


async def scenario(
    *texts: str | tuple[str, str], **settings: object
) -> tuple[StageDone | Rejected, ScriptedModel]:
    model = ScriptedModel({"scenario": texts})
    means = context(model, **settings)
    assert isinstance(means.guard, ScenarioGuard)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(means.guard.serve)
        await means.guard.admit("post", "An old one.")
        outcome = await write_scenario(draft(), means)
        tasks.cancel_scope.cancel()
    return outcome, model


async def test_a_scenario_that_is_there_already_is_drawn_again() -> None:
    outcome, model = await scenario("An old one!", "A new one.")
    assert isinstance(outcome, StageDone) and outcome.value == {"scenario": "A new one."}
    assert "An old one." in model.asked[0].messages[1].content, "earlier ones are shown as examples"
    assert len(outcome.usage) == 2


async def test_a_model_that_repeats_itself_is_given_up() -> None:
    outcome, model = await scenario("An old one!", dedup={"max_scenario_retries": 3})
    assert isinstance(outcome, Rejected) and outcome.reason == "duplicate_scenario"
    assert len(model.asked) == 4


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("", "no_answer"),
        ("  \n", "no_answer"),
        (("Broken off in the", "length"), "length"),
        (("Then" + " and then" * 50, "length"), "repetition"),
        ("Then" + " and then" * 50, "repetition"),
        (("Then" + "\n" * 50, "length"), "whitespace"),
    ],
)
async def test_an_empty_or_runaway_answer_is_no_scenario(bad: str | tuple[str, str], reason: str) -> None:
    outcome, _ = await scenario(bad, "A new one.")
    assert isinstance(outcome, StageDone) and outcome.value == {"scenario": "A new one."}
    outcome, model = await scenario(bad, generation={"max_stage_retries": 1})
    assert isinstance(outcome, Rejected) and outcome.reason == reason and len(model.asked) == 2
    assert "2 samples of" in outcome.detail


async def test_a_description_is_a_value_and_never_a_template() -> None:
    _, model = await scenario("New.", generation={"workflow_description": "Only {{ refunds }}."})
    system = model.asked[0].messages[0].content
    assert "Buys stamps {{ 7 * 7 }}." in system and "Only {{ refunds }}." in system


async def test_prose_stages_keep_what_the_model_wrote() -> None:
    known = draft(scenario="s", persona="p", outline="o", shown=("SEND",), dml=conversation())
    for stage, write, field in (
        ("persona", write_persona, "persona"),
        ("system_prompt", write_system_prompt, "system_prompt"),
    ):
        outcome = await write(known, context(ScriptedModel({stage: ["  Some prose.\n"]})))
        assert isinstance(outcome, StageDone)
        day = "\n\nToday is Saturday, 2025-05-10." if stage == "system_prompt" else ""
        assert outcome.value == {field: f"Some prose.{day}"}


async def test_needed_tools_are_shown_among_distractors_and_unknown_ones_are_not() -> None:
    model = ScriptedModel({"tools": ["not json", '{"tools": []}', '{"tools": ["TRACK", "FLY", "TRACK"]}']})
    outcome = await select_tools(
        draft(scenario="s", outline="o"), context(model, generation={"distractor_tools": 1})
    )
    assert isinstance(outcome, StageDone)
    shown = outcome.value["shown"]
    assert "TRACK" in shown and len(shown) == 2 and set(shown) <= {"SEND", "TRACK", "BUY_STAMPS"}
    outcome = await select_tools(draft(scenario="s", outline="o"), context(ScriptedModel({"tools": ["[]"]})))
    assert isinstance(outcome, Rejected) and outcome.reason == "no_tools"


def test_plans_follow_from_seed_and_index_alone() -> None:
    bundles = (BUNDLE, Bundle((Toolkit("other", "", (Tool("other", "X", "x"),)),)))
    ten, twenty = (list(plans(Settings(seed=3, count=count), bundles)) for count in (10, 20))
    assert twenty[:10] == ten
    assert [plan.toolkits for plan in ten[:3]] == [("post",), ("other",), ("post",)]
    assert len({plan.seed for plan in twenty}) == 20
    assert plan_of("conv_00007", Settings(seed=3), bundles) == twenty[6]
    assert {plan.seed for plan in plans(Settings(seed=4, count=20), bundles)}.isdisjoint(
        {plan.seed for plan in twenty}
    )
    assert plan_of("conv_00007", Settings(seed=3), bundles, restarts=1).seed != twenty[6].seed


def test_every_prompt_has_a_version_and_every_stage_a_prompt() -> None:
    versions = prompt_versions()
    assert set(versions) == {
        *ROLES,
        "adjudicator",
        "plan_judge",
        "user_turn_plain",
        "assistant_turn_native",
        "bundle",
    }
    assert len(set(versions.values())) == len(versions)
