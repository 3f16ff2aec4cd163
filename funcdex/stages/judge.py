"""Whether the conversation is worth learning from. A judge that fails gives no score, never a low one."""

from __future__ import annotations

from typing import Any

import orjson

from funcdex.stages.context import Context, Dialogue
from funcdex.types.record import Accepted, Draft, Rejected, StageDone

_SCORES = (1, 2, 3, 4, 5)
_SCORE = {"type": "integer", "enum": list(_SCORES)}
_ANSWER = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "user_query_clarity": _SCORE,
        "tool_use_quality": _SCORE,
    },
    "required": ["reasoning", "user_query_clarity", "tool_use_quality"],
    "additionalProperties": False,
}


async def judge(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `unscored` if no sample was a verdict."""
    dialogue = Dialogue(context, draft, "judge")
    tools = [tool.as_text for tool in context.shown(draft)]
    grammar = await context.grammars.of_json(_ANSWER)
    for _ in range(context.settings.generation.max_stage_retries + 1):
        completion = await dialogue.ask("judge", grammar=grammar, tools=tools, conversation=draft.dml)
        if scores := _scores(completion.text):
            return dialogue.done(scores=scores)
    return dialogue.rejected("unscored", "no sample of the judge was a verdict")


def settle(draft: Draft, min_tool_use_quality: int) -> Accepted | Rejected:
    """The end of a conversation that has been judged."""
    assert draft.scores is not None
    score = draft.scores["tool_use_quality"]
    if score >= min_tool_use_quality:
        return Accepted(draft.plan.id)
    detail = f"tool_use_quality {score}, {min_tool_use_quality} wanted"
    return Rejected(draft.plan.id, "judge", "low_score", detail)


def _scores(text: str) -> dict[str, Any] | None:
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("reasoning"), str):
        return None
    scores = {name: answer.get(name) for name in ("user_query_clarity", "tool_use_quality")}
    # Not just `in`: True is 1 in Python.
    if not all(type(score) is int and score in _SCORES for score in scores.values()):
        return None
    return {"reasoning": answer["reasoning"], **scores}
