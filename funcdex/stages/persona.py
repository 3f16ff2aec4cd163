"""Who asks."""

from __future__ import annotations

from funcdex.stages.context import Context, Dialogue
from funcdex.stages.voice import voice_of
from funcdex.types.record import Draft, Rejected, StageDone


async def write_persona(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer`, or what the last sample was (`runaway.py`), if none was whole."""
    dialogue = Dialogue(context, draft, "persona")
    plan, generation = draft.plan, context.settings.generation
    voice = voice_of(plan, generation)
    persona = await dialogue.ask_text(
        "persona",
        scenario=draft.scenario,
        clarity=generation.clarity_levels[plan.clarity].description,
        style=voice.style,
        locale=voice.locale,
        today=plan.today,
    )
    if persona is None:
        return dialogue.unanswered("a persona")
    return dialogue.done(persona=persona)
