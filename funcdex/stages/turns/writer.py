"""Writes a conversation turn by turn: three parts, each perhaps on an endpoint and a model of its own.

    user -> assistant -> (tools -> assistant)* -> user -> ...

The user does not see the tools, the assistant does not see the goal, and the tools keep their story straight.
What comes of it is markup like any other, and is checked and corrected like any other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from funcdex.errors import MarkupError
from funcdex.settings.generation import GenerationSettings
from funcdex.stages.context import Dialogue
from funcdex.stages.kinds import Form
from funcdex.stages.turns.assistant import Assistant, MarkupAssistant
from funcdex.stages.turns.broken_off import BrokenOff, refuse_if_spent
from funcdex.stages.turns.native import NativeAssistant
from funcdex.stages.turns.talk import Talk
from funcdex.stages.turns.tools import Tools
from funcdex.stages.turns.user import User
from funcdex.types.conversation import ToolCall
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool


@dataclass(frozen=True, slots=True)
class Written:
    """The conversation in markup, as far as it came; `fault` is why it did not come to its end."""

    text: str
    fault: Fault | None = None


Keep = Callable[[int, str], Awaitable[None]]
"""Takes each turn, its number (from 1) and its markup, as soon as it is whole."""


async def write_turns(
    dialogue: Dialogue, tools: Sequence[Tool], form: Form, begun: Sequence[str], keep: Keep
) -> Written:
    """One conversation between a simulated user, an assistant with these tools, and the tools, simulated;
    `begun` are the turns that are there already."""
    simulated = Tools(dialogue, {tool.name: tool for tool in tools}, form)
    native = dialogue.context.settings.generation.assistant_calls == "native"
    assistant = (NativeAssistant if native else MarkupAssistant)(dialogue, tools, form)
    writer = _Writer(dialogue, form, keep, assistant, User(dialogue), simulated)
    try:
        writer.take_up(begun)
        await writer.write()
    except BrokenOff as broken:
        return Written(writer.talk.text, broken.fault)
    except MarkupError as error:
        return Written(writer.talk.text, Fault("markup", str(error)))
    return Written(writer.talk.text)


@dataclass(slots=True)
class _Writer:
    dialogue: Dialogue
    form: Form
    keep: Keep
    assistant: Assistant
    user: User
    tools: Tools
    talk: Talk = field(default_factory=Talk)

    def take_up(self, begun: Sequence[str]) -> None:
        self.talk.take_up(begun)
        steps = (step for turn in self.talk.whole_turns() for one in turn.messages for step in one.steps)
        for step in steps:
            for call, response in zip(step.calls, step.responses, strict=True):
                self.tools.take_up(call, response)

    async def write(self) -> None:
        while (words := await self.user.next_words(self.talk.whole_turns())) is not None:
            self.talk.user_says(words)
            await self._answer()
            await self.keep(self.talk.turns, self.talk.latest_turn)
        if self.talk.turns < self.dialogue.context.settings.generation.min_user_turns:
            raise BrokenOff(self.dialogue.runaway or "no_answer", "no message of the user was whole")

    async def _answer(self) -> None:
        """Messages of the assistant and answers of tools until the assistant only speaks."""
        most = self._generation.max_steps_per_turn if self.form.calls != "none" else 0
        for step in range(most + 1):
            message = await self.assistant.next_message(self.talk, may_call=step < most)
            calls = self.talk.assistant_says(message)
            if not calls:
                return
            self.talk.tools_answer([await self._response_to(call) for call in calls])

    async def _response_to(self, call: ToolCall) -> object:
        refuse_if_spent(self.dialogue)
        if call.name not in self.tools.tools:  # Only where the grammar does not say which tools there are.
            raise BrokenOff("unknown_tool", f"{call.name[:64]!r} is not a shown tool", self.talk.turns - 1)
        response, wrong = await self.tools.response_to(call)
        if wrong:
            told = f"the response of {call.name}: {'; '.join(wrong[:3])}"
            raise BrokenOff("inconsistent_tool", told, self.talk.turns - 1)
        return response

    @property
    def _generation(self) -> GenerationSettings:
        return self.dialogue.context.settings.generation
