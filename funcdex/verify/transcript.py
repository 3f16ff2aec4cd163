"""A conversation as sources in the order in which they are said, made once for the checks that follow it."""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.types.conversation import Conversation, JsonValue, ToolCall
from funcdex.verify.sources import Source, source_of_json, source_of_text


@dataclass(frozen=True, slots=True)
class Called:
    """One call. `number` counts in the turn from 1; `arguments` and `answer` are the sources of both sides."""

    number: int
    call: ToolCall
    response: JsonValue
    arguments: Source
    answer: Source


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


def transcript(conversation: Conversation) -> tuple[TurnSaid, ...]:
    """Every turn, in order."""
    return tuple(_turn(conversation, index) for index in range(len(conversation.turns)))


def _turn(conversation: Conversation, index: int) -> TurnSaid:
    turn = conversation.turns[index]
    number = 0
    messages: list[Said] = []
    for message in turn.messages:
        steps: list[tuple[Called, ...]] = []
        for step in message.steps:
            made: list[Called] = []
            for call, response in zip(step.calls, step.responses, strict=True):
                number += 1
                arguments = source_of_json("call", index, number, dict(call.arguments))
                answer = source_of_json("response", index, number, response)
                made.append(Called(number, call, response, arguments, answer))
            steps.append(tuple(made))
        messages.append(Said(message.text, tuple(steps)))
    words = "\n".join(message.text for message in turn.messages if message.text)
    return TurnSaid(
        source_of_text("user", index, turn.user), tuple(messages), source_of_text("assistant", index, words)
    )
