"""How the conversation goes and ends."""

from __future__ import annotations

from funcdex.stages.context import Context, Dialogue
from funcdex.types.record import Draft, Rejected, StageDone


async def write_outline(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer` if no sample was whole."""
    dialogue, generation = Dialogue(context, draft, "outline"), context.settings.generation
    outline = await dialogue.ask_text(
        "outline",
        tools=context.candidates(draft.plan),
        scenario=draft.scenario,
        persona=draft.persona,
        min_turns=generation.min_user_turns,
        max_turns=generation.max_user_turns,
    )
    if outline is None:
        return dialogue.rejected("no_answer", "no sample of an outline was whole")
    return dialogue.done(outline=outline)
