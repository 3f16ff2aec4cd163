"""How the conversation goes and ends."""

from __future__ import annotations

from funcdex.stages.context import Context, Dialogue
from funcdex.types.record import Draft, Rejected, StageDone


async def write_outline(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer`, or what the last sample was (`runaway.py`), if none was whole."""
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
        return dialogue.unanswered("an outline")
    return dialogue.done(outline=outline)
