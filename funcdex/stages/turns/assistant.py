"""The assistant that writes markup: its messages are held to a grammar of the tools it may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from funcdex.stages.context import Dialogue
from funcdex.stages.kinds import Form
from funcdex.stages.turns.broken_off import BrokenOff, refuse_if_spent
from funcdex.stages.turns.talk import Talk
from funcdex.types.tools import Tool


class Assistant(Protocol):
    """Answers for one conversation."""

    async def next_message(self, talk: Talk, *, may_call: bool) -> str:
        """One message in markup, from its speaker to its words or its last call. Raises BrokenOff."""


@dataclass(frozen=True, slots=True)
class MarkupAssistant:
    """Sees the conversation, and the tools in its prompt."""

    dialogue: Dialogue
    shown: Sequence[Tool]
    form: Form

    async def next_message(self, talk: Talk, *, may_call: bool) -> str:
        """See `Assistant`."""
        context, dialogue = self.dialogue.context, self.dialogue
        generation = context.settings.generation
        grammar = await context.grammars.of_message(self.shown if may_call else (), self.form)
        for _ in range(generation.max_stage_retries + 1):
            refuse_if_spent(dialogue)
            completion = await dialogue.ask(
                "assistant_turn",
                grammar=grammar,
                tools=self.form.shown(self.shown),
                thoughts=generation.thoughts,
                parallel_calls=self.form.parallel_calls,
                conversation=talk.text,
                today=dialogue.draft.plan.today,
            )
            if completion.finish_reason == "stop" and dialogue.runaway is None:
                return completion.text
        raise BrokenOff(dialogue.runaway or "no_answer", "no message of the assistant was whole")
