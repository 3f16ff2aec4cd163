"""The plan of the conversation: structured, and checked before the conversation is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from funcdex.errors import GrammarError
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.stages.blueprint import Blueprint, as_text, read_blueprint
from funcdex.stages.blueprint_checks import blueprint_faults
from funcdex.stages.context import Context, Dialogue, dice
from funcdex.stages.focus import Focus, focus_of
from funcdex.stages.kinds import FAILURES, SPECS, failure_of, form_of_plan, variant_told
from funcdex.stages.plan_judging import PlanPanel
from funcdex.stages.sketch import sketch_of
from funcdex.stages.voice import voice_of
from funcdex.toolkits.graph import Edge
from funcdex.types.record import Draft, Plan, Rejected, StageDone
from funcdex.types.tools import Tool

_TOLD_FAULTS = 6
"""Faults that the next sample is told."""
_TOLD_JUDGES = ("tools", "withheld", "kind", "variant", "today", "scenario", "persona")
"""Of what the writer was told."""


async def write_outline(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `bad_blueprint` if the last whole sample was no plan that can be carried out, with
    `refused_plan` if it was one that judges found wrong, and as `unanswered` if none was whole."""
    dialogue, generation = Dialogue(context, draft, "outline"), context.settings.generation
    focus = focus_of(draft.plan, context)
    may_call = SPECS[draft.plan.kind].form.calls != "none"
    grammar = await _grammar(focus.tools if may_call else (), context)
    values, faults, reason = _prompt_values(draft, focus, context), list[str](), "bad_blueprint"
    judges = _panel(dialogue, values) if context.settings.judge.plan_votes else None
    for _ in range(generation.max_stage_retries + 1):
        completion = await dialogue.ask("outline", grammar=grammar, wrong=faults, **values)
        if dialogue.runaway is not None or completion.finish_reason != "stop":
            continue
        read = _read(completion.text)
        if isinstance(read, str):
            faults = [read]
            continue
        blueprint, data = read
        faults, reason = [], "bad_blueprint"
        if generation.check_plans:
            faults = blueprint_faults(blueprint, draft.plan, focus.tools, generation)[:_TOLD_FAULTS]
        outline = as_text(blueprint, _failure(draft.plan))
        if judges and not faults:
            faults, reason = (await judges.objections(outline))[:_TOLD_FAULTS], "refused_plan"
        if not faults:
            return dialogue.done(outline=outline, blueprint=_kept(data, focus, judges))
    if not faults:
        return dialogue.unanswered("an outline")
    return dialogue.rejected(reason, f"{'; '.join(faults)}; {dialogue.bill}")


async def _grammar(tools: Sequence[Tool], context: Context) -> TreeGrammar:
    try:
        return await context.grammars.of_plan(tools)
    except GrammarError:
        # Too many parameters for one grammar; the plan is checked in any case.
        return await context.grammars.of_plan(tools, loose=True)


def _prompt_values(draft: Draft, focus: Focus, context: Context) -> dict[str, Any]:
    plan, generation = draft.plan, context.settings.generation
    voice = voice_of(plan, generation)
    level = generation.difficulties[plan.difficulty]
    return {
        "tools": form_of_plan(plan, generation).shown(focus.tools),
        "withheld": focus.withheld,
        "chain": [_link(edge) for edge in focus.edges],
        "central": focus.central,
        "use": focus.use,
        "kind": SPECS[plan.kind].plan,
        "variant": variant_told(plan),
        "may_call": SPECS[plan.kind].form.calls != "none",
        "calls": (level.min_calls, level.max_calls),
        "hops": level.hops,
        "today": plan.today,
        "scenario": draft.scenario,
        "persona": draft.persona,
        "turns": voice.turns,
        "workflow": generation.workflow_description,
        "sketch": orjson.dumps(sketch_of(plan, focus, voice.turns)).decode(),
    }


def _link(edge: Edge) -> str:
    return f"`{edge.field}` of the response of {edge.source} can be `{edge.parameter}` of {edge.target}"


def _read(text: str) -> tuple[Blueprint, dict[str, Any]] | str:
    """The plan in an answer, or what is wrong with it."""
    try:
        data = orjson.loads(text)
        return read_blueprint(data), data
    except orjson.JSONDecodeError as error:
        return f"the answer is no JSON: {error}"
    except ValueError as error:
        return str(error)


def judges_of_plan(dialogue: Dialogue) -> PlanPanel:
    """Those who are asked about a plan of this conversation."""
    draft, context = dialogue.draft, dialogue.context
    return _panel(dialogue, _prompt_values(draft, focus_of(draft.plan, context), context))


def _panel(dialogue: Dialogue, values: dict[str, Any]) -> PlanPanel:
    return PlanPanel(dialogue, {name: values[name] for name in _TOLD_JUDGES})


def _kept(data: dict[str, Any], focus: Focus, judges: PlanPanel | None) -> dict[str, Any]:
    """What the record says of the plan."""
    withheld = [tool.name for tool in focus.withheld]
    told = {"withheld": withheld} if withheld else {}
    return data | told | ({"judged": judges.note} if judges else {})


def _failure(plan: Plan) -> str:
    """How a call that fails is told of."""
    if plan.kind != "tool_error" or not (codes := FAILURES[failure_of(plan)].codes):
        return "fails"
    return f"fails with {dice(plan, 'code').choice(codes)}"
