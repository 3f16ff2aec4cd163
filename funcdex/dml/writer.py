"""Conversation -> text, in canonical form: parse(write(c)) == c, and write(parse(t)) is the same for every
text t that says the same.

One line for each tag, text, thought, call and response, no line break at the end. Texts may hold line
breaks of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from funcdex.dml.jsontext import encode, lone_surrogate
from funcdex.dml.text import escape
from funcdex.types.conversation import AssistantMessage, Conversation, Step, Turn


def write(conversation: Conversation) -> str:
    """The conversation in markup.

    Raises ValueError for what is neither text nor JSON and so has no written form: half of a surrogate
    pair, NaN, a key that is not a string, nesting beyond `jsontext.MAX_DEPTH`.
    """
    written = "\n".join(line for turn in conversation.turns for line in _turn(turn))
    if lone_surrogate(written) is not None:
        raise ValueError("a text holds half of a surrogate pair")
    return written


def _turn(turn: Turn) -> Iterator[str]:
    yield "</user>"
    yield escape(turn.user)
    for message in turn.messages:
        yield from _message(message)


def _message(message: AssistantMessage) -> Iterator[str]:
    if message.thought is not None:
        yield f"<assistant_thought>{escape(message.thought)}</assistant_thought>"
    yield "</assistant>"
    if message.text:
        yield escape(message.text)
    for step in message.steps:
        yield from _step(step)


def _step(step: Step) -> Iterator[str]:
    for call in step.calls:
        yield f"<tool>{encode({'name': call.name, 'arguments': dict(call.arguments)})}</tool>"
    for response in step.responses:
        yield f"<tool_response>{encode(response)}</tool_response>"
