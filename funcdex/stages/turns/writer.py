"""Writes a conversation turn by turn: three parts, each perhaps on an endpoint and a model of its own.

    user -> assistant -> (tools -> assistant)* -> user -> ...

The user does not see the tools, the assistant does not see the goal, and the tools keep their story straight.
What comes of it is markup like any other, and is checked and corrected like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from funcdex.errors import MarkupError
from funcdex.settings.tree import GenerationSettings
from funcdex.stages.context import Dialogue
from funcdex.stages.file_writing import as_written
from funcdex.stages.kinds import form_of
from funcdex.stages.turns.talk import Talk
from funcdex.stages.turns.tools import Tools
from funcdex.stages.turns.user import User
from funcdex.types.conversation import ToolCall
from funcdex.types.fault import Fault
from funcdex.types.request import Grammar
from funcdex.types.tools import Tool


@dataclass(frozen=True, slots=True)
class Written:
    """The conversation in markup, as far as it came; `fault` is why it did not come to its end."""

    text: str
    fault: Fault | None = None


async def write_turns(dialogue: Dialogue, tools: Sequence[Tool]) -> Written:
    """One conversation between a simulated user, an assistant with these tools, and the tools, simulated."""
    writer = _Writer(dialogue, tools, User(dialogue), Tools(dialogue, {tool.name: tool for tool in tools}))
    try:
        await writer.write()
    except _BrokenOffError as broken:
        return Written(writer.talk.text, broken.fault)
    except MarkupError as error:
        return Written(writer.talk.text, Fault("markup", str(error)))
    return Written(writer.talk.text)


class _BrokenOffError(Exception):
    """A part gave no answer that could be used. Never leaves this module: it becomes a fault."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(reason, detail)


@dataclass(slots=True)
class _Writer:
    dialogue: Dialogue
    shown: Sequence[Tool]
    user: User
    tools: Tools
    talk: Talk = field(default_factory=Talk)

    async def write(self) -> None:
        while (words := await self.user.next_words(self.talk.whole_turns())) is not None:
            self.talk.user_says(words)
            await self._answer()
        if self.talk.turns < self.dialogue.context.settings.generation.min_user_turns:
            raise _BrokenOffError(self.dialogue.runaway or "no_answer", "no message of the user was whole")

    async def _answer(self) -> None:
        """Messages of the assistant and answers of tools until the assistant only speaks."""
        grammars, most = self.dialogue.context.grammars, self._generation.max_steps_per_turn
        form = form_of(self.dialogue.draft, self._generation)
        callable_tools = () if form.calls == "none" else self.shown
        for step in range(most + 1):
            grammar = await grammars.of_message(callable_tools if step < most else (), form)
            calls = self.talk.assistant_says(await self._message(grammar))
            if not calls:
                return
            self.talk.tools_answer([await self._response_to(call) for call in calls])

    async def _message(self, grammar: Grammar) -> str:
        for _ in range(self._generation.max_stage_retries + 1):
            self._refuse_if_spent()
            completion = await self.dialogue.ask(
                "assistant_turn",
                grammar=grammar,
                tools=[as_written(tool).as_text for tool in self.shown],
                thoughts=self._generation.thoughts,
                parallel_calls=form_of(self.dialogue.draft, self._generation).parallel_calls,
                conversation=self.talk.text,
            )
            if completion.finish_reason == "stop" and self.dialogue.runaway is None:
                return completion.text
        raise _BrokenOffError(self.dialogue.runaway or "no_answer", "no message of the assistant was whole")

    async def _response_to(self, call: ToolCall) -> object:
        self._refuse_if_spent()
        if call.name not in self.tools.tools:  # Only where the grammar does not say which tools there are.
            raise _BrokenOffError("unknown_tool", f"{call.name[:64]!r} is not a shown tool")
        response, wrong = await self.tools.response_to(call)
        if wrong:
            raise _BrokenOffError("inconsistent_tool", f"the response of {call.name}: {'; '.join(wrong[:3])}")
        return response

    def _refuse_if_spent(self) -> None:
        if self.dialogue.spent_tokens >= self._generation.max_tokens:
            raise _BrokenOffError("length", "the tokens for one conversation are used up")

    @property
    def _generation(self) -> GenerationSettings:
        return self.dialogue.context.settings.generation
