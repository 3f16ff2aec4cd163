"""The tool calls of a conversation one by one, with what answered each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from funcdex.types.conversation import Conversation, JsonValue, ToolCall


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its response. `turn` counts from 0, `number` is the call's in its turn, from 1."""

    turn: int
    number: int
    call: ToolCall
    response: JsonValue


def exchanges(conversation: Conversation) -> Iterator[Exchange]:
    """Every call in order."""
    for index, turn in enumerate(conversation.turns):
        steps = (step for message in turn.messages for step in message.steps)
        pairs = (pair for step in steps for pair in zip(step.calls, step.responses, strict=True))
        for number, (call, response) in enumerate(pairs, 1):
            yield Exchange(index, number, call, response)
