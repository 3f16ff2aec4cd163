"""The message list of OpenAI's chat API -> Conversation. Nothing is repaired.

    conversation: [system] turn+
    turn:         user (assistant-with-calls tool+)* assistant-without-calls

Tool messages stand in the order of the calls they answer. Calls without content right after tool messages
are a further step of the assistant message before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.dml.jsontext import decode, flaw_of
from funcdex.errors import MarkupError, MessagesError
from funcdex.export.content import thought_and_text
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn


def from_messages(messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """The conversation that the messages say; keys that it has no place for are not looked at.

    White space around texts is dropped. Raises MessagesError with the index of the first fault.
    """
    reader = _Reader(messages)
    if reader.role == "system":
        reader.take("system")
    turns = [_turn(reader)]
    while reader.role is not None:
        turns.append(_turn(reader))
    return Conversation(tuple(turns))


class _Reader:
    """A message at a time: `index` is the place of the one at hand, `role` its role, None at the end."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._messages = messages
        self.index = 0

    @property
    def role(self) -> str | None:
        if self.index == len(self._messages):
            return None
        message = self._messages[self.index]
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise MessagesError("expected an object with a role", index=self.index)
        role: str = message["role"]
        return role

    def take(self, role: str) -> tuple[int, Mapping[str, Any]]:
        """The message at hand, which must have this role, and its index."""
        if self.role != role:
            found = "the end" if self.role is None else f"role {self.role[:20]!r}"
            raise MessagesError(f"expected role {role!r}, found {found}", index=self.index)
        self.index += 1
        return self.index - 1, self._messages[self.index - 1]


def _turn(reader: _Reader) -> Turn:
    index, message = reader.take("user")
    user = _text(message, index).strip()
    if not user:
        raise MessagesError("a user message is empty", index=index)
    messages: list[AssistantMessage] = []
    while not messages or messages[-1].steps:
        _add_assistant_message(messages, reader)
    return Turn(user, tuple(messages))


def _add_assistant_message(messages: list[AssistantMessage], reader: _Reader) -> None:
    index, raw = reader.take("assistant")
    thought, text = _thought_and_text(raw, index)
    steps = _steps(raw, index, reader)
    if not text and not steps:
        raise MessagesError("an assistant message neither speaks nor calls", index=index)
    if messages and not text and thought is None:
        before = messages.pop()
        thought, text, steps = before.thought, before.text, (*before.steps, *steps)
    messages.append(AssistantMessage(text, steps, thought))


def _thought_and_text(message: Mapping[str, Any], index: int) -> tuple[str | None, str]:
    if message.get("content") is None:
        return None, ""
    try:
        thought, text = thought_and_text(_text(message, index))
    except ValueError as error:
        raise MessagesError(str(error), index=index) from error
    if thought == "":
        raise MessagesError("<analysis> is empty", index=index)
    return thought, text


def _steps(message: Mapping[str, Any], index: int, reader: _Reader) -> tuple[Step, ...]:
    raw_calls = message.get("tool_calls") or []
    if not isinstance(raw_calls, list):
        raise MessagesError("expected a list as tool_calls", index=index)
    if not raw_calls:
        return ()
    calls = tuple(_call(raw, index) for raw in raw_calls)
    responses = tuple(_response(raw, reader) for raw in raw_calls)
    return (Step(calls, responses),)


def _call(raw: JsonValue, index: int) -> ToolCall:
    function = raw.get("function") if isinstance(raw, dict) and isinstance(raw.get("id"), str) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise MessagesError('expected {"id", "type", "function": {"name", "arguments"}}', index=index)
    name, arguments = function["name"], _json(function.get("arguments"), "arguments", index)
    if not isinstance(arguments, dict):
        raise MessagesError("expected a JSON object as arguments", index=index)
    flaw = flaw_of({"name": name, "arguments": arguments})
    if flaw is not None:
        raise MessagesError(flaw, index=index)
    return ToolCall(name, arguments)


def _response(raw_call: Mapping[str, Any], reader: _Reader) -> JsonValue:
    index, message = reader.take("tool")
    answered, expected = message.get("tool_call_id"), raw_call["id"]
    if answered != expected:
        raise MessagesError(f"expected the response to {expected!r}, found {answered!r}", index=index)
    name = message.get("name")
    if name is not None and name != raw_call["function"]["name"]:
        raise MessagesError("the name is not that of the call that is answered", index=index)
    return _json(message.get("content"), "content", index)


def _text(message: Mapping[str, Any], index: int) -> str:
    text = message.get("content")
    if not isinstance(text, str):
        raise MessagesError("expected a string as content", index=index)
    flaw = flaw_of(text)
    if flaw is not None:
        raise MessagesError(flaw, index=index)
    return text


def _json(text: JsonValue, key: str, index: int) -> JsonValue:
    if not isinstance(text, str):
        raise MessagesError(f"expected a string of JSON as {key}", index=index)
    text = text.strip()
    try:
        value, end = decode(text, 0)
    except MarkupError as error:
        raise MessagesError(f"{key}, character {error.position}: {error.what}", index=index) from error
    if end != len(text):
        raise MessagesError(f"{key}, character {end}: expected the end of the JSON", index=index)
    return value
