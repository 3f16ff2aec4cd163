"""Standing instructions under which the assistant would act as it did."""

from __future__ import annotations

from funcdex.stages.context import Context, Dialogue
from funcdex.types.record import Draft, Rejected, StageDone


async def write_system_prompt(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer`, or what the last sample was (`runaway.py`), if none was whole."""
    dialogue = Dialogue(context, draft, "system_prompt")
    text = await dialogue.ask_text(
        "system_prompt",
        toolkits=draft.plan.toolkits,
        persona=draft.persona,
        tools=context.shown(draft),
        conversation=draft.dml,
    )
    if text is None:
        return dialogue.unanswered("a system prompt")
    return dialogue.done(system_prompt=text)
