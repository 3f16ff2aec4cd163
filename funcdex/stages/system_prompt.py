"""Standing instructions under which the assistant would act as it did."""

from __future__ import annotations

from datetime import date

from funcdex.stages.context import Context, Dialogue
from funcdex.types.fault import Fault
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.verify.given import Given
from funcdex.verify.roles import system_prompt_faults


def _dated(today: str) -> str:
    """The sentence without which nobody could know what "tomorrow" is; "" for plans of earlier versions."""
    return f"\n\nToday is {date.fromisoformat(today):%A}, {today}." if today else ""


async def write_system_prompt(draft: Draft, context: Context) -> StageDone | Rejected:
    """Rejects with `no_answer`, or what the last sample was (`runaway.py`), if none was whole, and with
    `persona_leak` if every one told what only the writer knows."""
    dialogue = Dialogue(context, draft, "system_prompt")
    fault: Fault | None = None
    for _ in range(context.settings.generation.max_stage_retries + 1):
        text = await dialogue.ask_text(
            "system_prompt",
            toolkits=draft.plan.toolkits,
            persona=draft.persona,
            tools=context.shown(draft),
            conversation=draft.written or draft.dml,
        )
        if text is None:
            return dialogue.unanswered("a system prompt")
        if context.settings.verify.roles:
            fault = next(system_prompt_faults(text, Given(persona=draft.persona)), None)
        if fault is None:
            return dialogue.done(system_prompt=f"{text}{_dated(draft.plan.today)}")
    assert fault is not None
    return dialogue.rejected(fault.reason, fault.detail)
