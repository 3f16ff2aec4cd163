"""Short talks for tests of what is verified."""

from __future__ import annotations

from typing import Any

from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.tools import Tool

Made = tuple[str, dict[str, JsonValue], JsonValue]
"""A tool's name, the arguments and what it answers."""


def turn(user: str, *parts: str | Made) -> Turn:
    """A user message and what follows: words, or (tool, arguments, response)."""
    messages: list[tuple[str, list[Step]]] = []
    for part in parts:
        if isinstance(part, str):
            messages.append((part, []))
            continue
        if not messages:
            messages.append(("", []))
        name, arguments, response = part
        messages[-1][1].append(Step((ToolCall(name, arguments),), (response,)))
    return Turn(user, tuple(AssistantMessage(text, tuple(steps)) for text, steps in messages))


def talk(*turns: Turn) -> Conversation:
    """A conversation of these."""
    return Conversation(turns)


def tool(name: str, **properties: Any) -> Tool:
    """A tool with these parameters, none required."""
    return Tool("kit", name, "Does it.", {"type": "object", "properties": properties})
