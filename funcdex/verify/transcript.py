"""A conversation as sources in the order in which they are said, made once for the checks that follow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from funcdex.types.conversation import Conversation, JsonValue, ToolCall
from funcdex.types.tools import Tool
from funcdex.verify.sources import Source, source_of_json, source_of_text


@dataclass(frozen=True, slots=True)
class Called:
    """One call. `number` counts in the turn from 1; `arguments` and `answer` are the sources of both
    sides."""

    number: int
    call: ToolCall
    response: JsonValue
    arguments: Source
    answer: Source

    @property
    def told(self) -> str:
        """How faults name it."""
        return f"call {self.number} ({self.call.name[:64]})"


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the assistant: its words, then its steps, each of calls made at once."""

    text: str
    steps: tuple[tuple[Called, ...], ...]


@dataclass(frozen=True, slots=True)
class TurnSaid:
    """What a user says, what follows, and all words of the assistant as one source."""

    user: Source
    messages: tuple[Said, ...]
    words: Source

    @property
    def calls(self) -> Iterator[Called]:
        """All calls, in order."""
        return (called for message in self.messages for step in message.steps for called in step)


def transcript(conversation: Conversation, tools: Mapping[str, Tool]) -> tuple[TurnSaid, ...]:
    """Every turn, in order. The values of arguments know what their tool's schema says of them; those of
    responses do not, because few are asked."""
    return tuple(_turn(conversation, index, tools) for index in range(len(conversation.turns)))


def _turn(conversation: Conversation, index: int, tools: Mapping[str, Tool]) -> TurnSaid:
    turn = conversation.turns[index]
    number = 0
    messages: list[Said] = []
    for message in turn.messages:
        steps: list[tuple[Called, ...]] = []
        for step in message.steps:
            made: list[Called] = []
            for call, response in zip(step.calls, step.responses, strict=True):
                number += 1
                tool = tools.get(call.name)
                schema = tool.parameters if tool else None
                arguments = source_of_json("call", index, number, dict(call.arguments), schema)
                answer = source_of_json("response", index, number, response)
                made.append(Called(number, call, response, arguments, answer))
            steps.append(tuple(made))
        messages.append(Said(message.text, tuple(steps)))
    words = "\n".join(message.text for message in turn.messages if message.text)
    return TurnSaid(
        source_of_text("user", index, turn.user), tuple(messages), source_of_text("assistant", index, words)
    )
