"""A new situation for a set of tools, unlike those before."""

from __future__ import annotations

from collections.abc import Iterable

from funcdex.dedup.protocol import Duplicate
from funcdex.stages.adjudication import Adjudicator
from funcdex.stages.context import Context, Dialogue
from funcdex.stages.focus import Focus, focus_of
from funcdex.stages.kinds import SPECS
from funcdex.stages.plan import group_of
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.types.tools import Tool

LONGEST_ABOUT = 1000
"""Characters of names and descriptions of tools that earlier scenarios are compared with."""


async def write_scenario(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `duplicate_scenario` if every sample was one, and as `unanswered` if none was whole."""
    dialogue, dedup = Dialogue(context, draft, "scenario"), context.settings.dedup
    group, focus, spec = group_of(draft.plan), focus_of(draft.plan, context), SPECS[draft.plan.kind]
    adjudicator = Adjudicator(dialogue)
    # Not asked for again after a refusal: the prompts of one conversation go on where the last one ended.
    about = " ".join(f"{tool.name} {tool.description}" for tool in _at_the_centre(focus))
    earlier = context.guard.examples(group, dedup.examples_shown, about[:LONGEST_ABOUT])
    duplicate: Duplicate | None = None
    for _ in range(dedup.max_scenario_retries + 1):
        scenario = await dialogue.ask_text(
            "scenario",
            toolkits=draft.plan.toolkits,
            tools=focus.tools,
            central=focus.central,
            withheld=focus.withheld,
            kind=spec.situation,
            may_call=spec.form.calls != "none",
            today=draft.plan.today,
            workflow=context.settings.generation.workflow_description,
            earlier=earlier,
        )
        if scenario is None:
            return dialogue.unanswered("a scenario")
        duplicate = await context.guard.admit(
            group, scenario, adjudicator.same_task if dedup.adjudicator else None, asker=draft.plan.id
        )
        if adjudicator.failed:
            context.note(
                "adjudicator_failed", {"conversation_id": draft.plan.id, "questions": adjudicator.failed}
            )
        if duplicate is None:
            asked = {"adjudicated": adjudicator.answers} if adjudicator.answers else {}
            return dialogue.done(scenario=scenario, **asked)
        earlier = _with_near(earlier, duplicate.near, dedup.examples_shown)
    assert duplicate is not None
    detail = f"{duplicate.layer} similarity {duplicate.similarity:.3f} to: {duplicate.of[:200]}"
    return dialogue.rejected("duplicate_scenario", detail)


def _at_the_centre(focus: Focus) -> tuple[Tool, ...]:
    """What the scenario is to be built around."""
    return focus.withheld or ((focus.central,) if focus.central else ())


def _with_near(shown: list[str], near: Iterable[str], most: int) -> list[str]:
    """What a refused sample was near to comes last, and takes the place of what was near to none."""
    added = [text for text in near if text not in shown]
    if not most or not added:
        return shown
    return [*shown[: max(0, most - len(added))], *added][:most]
