"""A finished conversation as a tree. Its written form is Dialog Markup Language (`funcdex.dml`).

    Conversation -> Turn: one user message and all that answers it
                    -> AssistantMessage: text, and the steps taken after it
                       -> Step: calls made at once, and their responses in the same order

What the types refuse (ValueError) is what no reader of the markup could tell apart or make sense of:
a turn that does not end with the assistant's words, an empty message, a call without its response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JsonValue = Any
"""Anything that JSON can say: None, bool, int, float, str, list, dict with str keys."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool's name and the arguments the assistant sends."""

    name: str
    arguments: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Step:
    """Tool calls made at once and what answered them: `responses[i]` answers `calls[i]`."""

    calls: tuple[ToolCall, ...]
    responses: tuple[JsonValue, ...]

    def __post_init__(self) -> None:
        if not self.calls or len(self.calls) != len(self.responses):
            raise ValueError("a step has at least one call, and one response for each")


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """What the assistant says (stripped; may be empty if it goes on to call), and the steps that follow.

    `thought` is what it thinks before it speaks, None where thoughts are off.
    """

    text: str
    steps: tuple[Step, ...] = ()
    thought: str | None = None

    def __post_init__(self) -> None:
        if self.text != self.text.strip() or (
            self.thought is not None and self.thought != self.thought.strip()
        ):
            raise ValueError("texts of a message carry no white space around them")
        if not self.text and not self.steps:
            raise ValueError("a message says something or calls a tool")
        if self.thought is not None and not self.thought:
            raise ValueError("a thought is not empty; None stands for no thought")


@dataclass(frozen=True, slots=True)
class Turn:
    """A user message (stripped, not empty) and the assistant messages that answer it.

    All messages but the last call tools; the last one only speaks.
    """

    user: str
    messages: tuple[AssistantMessage, ...]

    def __post_init__(self) -> None:
        if not self.user or self.user != self.user.strip():
            raise ValueError("a user message is not empty and carries no white space around it")
        if not self.messages or self.messages[-1].steps:
            raise ValueError("a turn ends with words of the assistant")
        if not all(message.steps for message in self.messages[:-1]):
            raise ValueError("only the last message of a turn calls nothing")
        if any(not message.text and message.thought is None for message in self.messages[1:]):
            raise ValueError("calls that follow a response without a word are steps of the same message")


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns in order, at least one."""

    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise ValueError("a conversation has at least one turn")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every tool call, in order."""
        return tuple(call for step in self.steps for call in step.calls)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step, in order."""
        return tuple(step for turn in self.turns for message in turn.messages for step in message.steps)
