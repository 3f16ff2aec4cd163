"""A new situation for a set of tools, unlike those before."""

from __future__ import annotations

from funcdex.dedup.protocol import Duplicate
from funcdex.stages.context import Context, Dialogue
from funcdex.stages.focus import focus_of
from funcdex.stages.kinds import SPECS
from funcdex.types.record import Draft, Rejected, StageDone


async def write_scenario(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `duplicate_scenario` if every sample was one, and as `unanswered` if none was whole."""
    dialogue, dedup = Dialogue(context, draft, "scenario"), context.settings.dedup
    group, focus, spec = "+".join(draft.plan.toolkits), focus_of(draft.plan, context), SPECS[draft.plan.kind]
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
            earlier=context.guard.recent(group, dedup.examples_shown),
        )
        if scenario is None:
            return dialogue.unanswered("a scenario")
        duplicate = await context.guard.admit(group, scenario)
        if duplicate is None:
            return dialogue.done(scenario=scenario)
    assert duplicate is not None
    detail = f"{duplicate.layer} similarity {duplicate.similarity:.3f} to: {duplicate.of[:200]}"
    return dialogue.rejected("duplicate_scenario", detail)
