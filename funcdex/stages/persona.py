"""Who asks."""

from __future__ import annotations

from funcdex.stages.context import Context, Dialogue
from funcdex.types.record import Draft, Rejected, StageDone


async def write_persona(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer`, or what the last sample was (`runaway.py`), if none was whole."""
    dialogue = Dialogue(context, draft, "persona")
    levels = context.settings.generation.clarity_levels
    persona = await dialogue.ask_text(
        "persona", scenario=draft.scenario, clarity=levels[draft.plan.clarity].description
    )
    if persona is None:
        return dialogue.unanswered("a persona")
    return dialogue.done(persona=persona)
