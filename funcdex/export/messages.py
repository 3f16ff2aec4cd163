"""Conversation -> the message list of OpenAI's chat API.

A message's first step travels with its text; every further step is an assistant message without content,
right after the responses before it. `funcdex.export.read_messages` is the inverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from funcdex.dml.jsontext import encode
from funcdex.export.content import content_of
from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall

ChatMessage = dict[str, Any]
"""`{"role": "user", "content": ...}`, and so on; ready for JSON."""


def to_messages(conversation: Conversation) -> list[ChatMessage]:
    """The messages, without a system message. Call ids are `call_0`, `call_1`... in order.

    Arguments and responses are JSON text. Raises ValueError for one that has none, such as NaN.
    """
    ids = (f"call_{number}" for number in count())
    messages: list[ChatMessage] = []
    for turn in conversation.turns:
        messages.append({"role": "user", "content": turn.user})
        for message in turn.messages:
            messages.extend(_assistant_messages(message, ids))
    return messages


def _assistant_messages(message: AssistantMessage, ids: Iterator[str]) -> Iterator[ChatMessage]:
    content = content_of(message)
    if not message.steps:
        yield {"role": "assistant", "content": content}
    for step in message.steps:
        yield from _step_messages(step, content, ids)
        content = None


def _step_messages(step: Step, content: str | None, ids: Iterator[str]) -> Iterator[ChatMessage]:
    named = [(next(ids), call) for call in step.calls]
    tool_calls = [_tool_call(id_, call) for id_, call in named]
    yield {"role": "assistant", "content": content, "tool_calls": tool_calls}
    for (id_, call), response in zip(named, step.responses, strict=True):
        yield {"role": "tool", "tool_call_id": id_, "name": call.name, "content": encode(response)}


def _tool_call(id_: str, call: ToolCall) -> ChatMessage:
    function = {"name": call.name, "arguments": encode(dict(call.arguments))}
    return {"id": id_, "type": "function", "function": function}
