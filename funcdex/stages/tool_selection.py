"""Which tools the conversation needs, and which others stand beside them to be left alone.

A blueprint names those that are needed, so nobody is asked; plans of earlier versions were prose.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from funcdex.stages.blueprint import read_blueprint
from funcdex.stages.context import Context, Dialogue, dice
from funcdex.stages.focus import shown_tools_of
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.types.tools import Tool


async def select_tools(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_tools` if no sample named a tool that exists."""
    dialogue, generation = Dialogue(context, draft, "tools"), context.settings.generation
    if draft.blueprint is not None:
        planned, withheld = read_blueprint(draft.blueprint).tools, draft.blueprint.get("withheld", ())
        tools = shown_tools_of(draft.plan, planned, withheld, context)
        return dialogue.done(shown=[tool.name for tool in tools])
    candidates = context.candidates(draft.plan)
    grammar = await context.grammars.of_json(_answer_schema(candidates))
    for _ in range(generation.max_stage_retries + 1):
        completion = await dialogue.ask(
            "tools", grammar=grammar, tools=candidates, scenario=draft.scenario, outline=draft.outline
        )
        if needed := _named(completion.text, candidates):
            shown = context.tool_sets.shown(draft.plan, needed, dice(draft.plan, "shown"))
            return dialogue.done(shown=[tool.name for tool in shown])
    return dialogue.rejected("no_tools", "no sample named a tool that exists")


def _answer_schema(candidates: Sequence[Tool]) -> dict[str, object]:
    names = {"type": "string", "enum": sorted(tool.name for tool in candidates)}
    tools = {"type": "array", "items": names, "minItems": 1}
    return {"type": "object", "properties": {"tools": tools}, "required": ["tools"]}


def _named(text: str, candidates: Sequence[Tool]) -> list[str]:
    """The known tools that an answer names, each once; empty if it is not the JSON asked for."""
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    names = answer.get("tools") if isinstance(answer, dict) else None
    known = {tool.name for tool in candidates}
    chosen = [name for name in names if name in known] if isinstance(names, list) else []
    return list(dict.fromkeys(chosen))
