"""Conversations of every kind from plan to judgement, written by the simulated endpoint's sampler."""

from __future__ import annotations

from dataclasses import replace

import anyio
import orjson
import pytest
from scripted_model import compiled_in_a_thread

from funcdex.data import data_dir
from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.export.lines import lines_after
from funcdex.grammar.check import matches
from funcdex.pipeline import STAGE_FUNCTIONS
from funcdex.settings.tree import Settings
from funcdex.sim.generation import generate
from funcdex.sim.request import read_request
from funcdex.stages.context import Context
from funcdex.stages.grammars import Grammars, grammar_of
from funcdex.stages.kinds import ERROR_VARIANTS, form_of
from funcdex.stages.plan import plan_at
from funcdex.stages.tool_sets import plan_tool_sets
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles
from funcdex.types.kind import KINDS, Kind
from funcdex.types.record import Draft, Plan, StageDone
from funcdex.types.request import Completion, Request

BUNDLES = make_bundles(
    ("gmail", "todoist", "jira+gmail"), read_toolkits([data_dir("tool_definitions")]).toolkits
)
SETTINGS = Settings()


async def simulated(request: Request) -> Completion:
    body = {
        "messages": [{"role": one.role, "content": one.content} for one in request.messages],
        "max_tokens": request.sampling.max_tokens,
        "seed": request.sampling.seed,
    }
    if request.grammar is not None:
        body["structured_outputs"] = {"grammar": request.grammar.render("lark")}
    read = read_request(orjson.dumps(body), chat=True, max_model_len=65_536)
    answer = generate(read, seed=0)
    tokens = len(answer.tokens)
    return Completion(answer.text, answer.finish_reason, "http://sim", "sim", 10, tokens, simulated=True)


async def written(plan: Plan) -> tuple[Draft, Context]:
    """The conversation of a plan after its last stage."""
    grammars = Grammars(SETTINGS.generation, SETTINGS.grammar, compiled_in_a_thread)
    guard = ScenarioGuard([ExactLayer()])
    means = Context(simulated, SETTINGS, BUNDLES, guard, plan_tool_sets(SETTINGS, BUNDLES), grammars)
    draft = Draft(plan)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        for stage in STAGE_FUNCTIONS.values():
            outcome = await stage(draft, means)
            assert isinstance(outcome, StageDone), outcome
            draft = draft.after(outcome)
        tasks.cancel_scope.cancel()
    return draft, means


CASES = [
    *((kind, "") for kind in KINDS if kind != "tool_error"),
    *(("tool_error", variant) for variant in ERROR_VARIANTS),
]


@pytest.mark.parametrize(("number", "kind", "variant"), [(n, *case) for n, case in enumerate(CASES, 1)])
async def test_a_conversation_of_each_kind_is_planned_written_and_found_to_be_of_it(
    number: int, kind: Kind, variant: str
) -> None:
    plan = replace(plan_at(number, SETTINGS, BUNDLES), kind=kind, variant=variant)
    draft, means = await written(plan)
    assert draft.dml is not None and draft.blueprint is not None
    shown = means.shown(draft)
    assert matches(grammar_of(shown, SETTINGS.generation, form_of(draft, SETTINGS.generation)), draft.dml)
    # Nobody is asked which tools are needed.
    assert [used.stage for used in draft.usage].count("tools") == 0
    entry = StageDone(plan.id, "conversation", {})
    ((_, line),) = lines_after(draft, entry, shown)
    assert (line["kind"], line["variant"], line["blueprint"]) == (kind, variant, draft.blueprint)
    assert line["metadata"]["disposition"].startswith("The user knows:")
