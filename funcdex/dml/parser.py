"""Tokens -> Conversation, by recursive descent. Nothing is repaired: what is not the language is a fault.

    conversation: turn+
    turn:         </user> text message+            all messages but the last call tools
    message:      [thought] </assistant> [text] step*
    thought:      <assistant_thought> text </assistant_thought>
    step:         call+ response+                  as many responses as calls
    call:         <tool> {"name": string, "arguments": object} </tool>
    response:     <tool_response> any JSON </tool_response>

A message may leave out its text only if a call follows; after a response it must then carry a thought,
because silent calls there are a further step of the message before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from funcdex.dml.lexer import Kind, Token, tokens
from funcdex.errors import MarkupError
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn

KEPT = 512
"""Conversations that are not read a second time: a run checks one, and exports it two stages later."""


@lru_cache(maxsize=KEPT)
def parse(text: str) -> Conversation:
    """The conversation that the text says; nobody may change the JSON in it.

    Raises MarkupError with the offset of the first fault, for any other text.
    """
    cursor = _Cursor(tokens(text))
    turns = [_turn(cursor)]
    while cursor.token.kind != "end":
        turns.append(_turn(cursor))
    return Conversation(tuple(turns))


class _Cursor:
    """A token at a time, with the one at hand in `token`."""

    def __init__(self, stream: Iterator[Token]) -> None:
        self._stream = stream
        self.token = next(stream)

    def at(self, kind: Kind) -> bool:
        return self.token.kind == kind

    def require(self, *kinds: Kind) -> None:
        """Raise MarkupError unless the token at hand is one of these."""
        if self.token.kind not in kinds:
            expected = " or ".join(_READABLE.get(kind, kind) for kind in kinds)
            found = _READABLE.get(self.token.kind, self.token.kind)
            raise MarkupError(f"expected {expected}, found {found}", position=self.token.position)

    def take(self, kind: Kind) -> Token:
        """The token at hand, which must be of this kind; the cursor moves on, but never past the end."""
        self.require(kind)
        taken, self.token = self.token, next(self._stream)
        return taken


_READABLE: dict[Kind, str] = {"text": "text", "end": "the end"}


def _turn(cursor: _Cursor) -> Turn:
    cursor.take("</user>")
    user = cursor.take("text").value
    messages = [_message(cursor, follows_response=False)]
    while messages[-1].steps:
        messages.append(_message(cursor, follows_response=True))
    cursor.require("</user>", "end")
    return Turn(user, tuple(messages))


def _message(cursor: _Cursor, *, follows_response: bool) -> AssistantMessage:
    thought = _thought(cursor)
    cursor.take("</assistant>")
    text = cursor.take("text").value if cursor.at("text") else ""
    if not text and follows_response and thought is None:
        cursor.require("text")
    if not text:
        cursor.require("text", "<tool>")
    return AssistantMessage(text, _steps(cursor), thought)


def _thought(cursor: _Cursor) -> str | None:
    cursor.require("<assistant_thought>", "</assistant>")
    if not cursor.at("<assistant_thought>"):
        return None
    cursor.take("<assistant_thought>")
    thought: str = cursor.take("text").value
    cursor.take("</assistant_thought>")
    return thought


def _steps(cursor: _Cursor) -> tuple[Step, ...]:
    steps = []
    while cursor.at("<tool>"):
        steps.append(_step(cursor))
        cursor.require("<tool>", "<assistant_thought>", "</assistant>")
    return tuple(steps)


def _step(cursor: _Cursor) -> Step:
    calls = []
    while cursor.at("<tool>"):
        calls.append(_call(cursor.take("<tool>")))
        cursor.require("<tool>", "<tool_response>")
    responses = tuple(cursor.take("<tool_response>").value for _ in calls)
    return Step(tuple(calls), responses)


def _call(token: Token) -> ToolCall:
    value: JsonValue = token.value
    if not isinstance(value, dict) or value.keys() != {"name", "arguments"}:
        raise MarkupError(
            'expected {"name": ..., "arguments": ...} and no other key in <tool>', position=token.position
        )
    name, arguments = value["name"], value["arguments"]
    if not isinstance(name, str):
        raise MarkupError('expected a string as "name" in <tool>', position=token.position)
    if not isinstance(arguments, dict):
        raise MarkupError('expected an object as "arguments" in <tool>', position=token.position)
    return ToolCall(name, arguments)
