"""The assistant that calls tools as the chat API has it, by `tools` and `tool_calls`.

The conversation is sent as messages in their roles, and what comes back is written as markup like any other.
No grammar holds it: a call of a tool that was not offered, and arguments that are no JSON object, are asked
for again, and are a fault of the turn if they come again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from funcdex.dml.jsontext import decode, encode
from funcdex.dml.lexer import tokens
from funcdex.dml.text import escape
from funcdex.errors import MarkupError
from funcdex.stages.context import Dialogue
from funcdex.stages.file_writing import as_written
from funcdex.stages.kinds import Form
from funcdex.stages.turns.broken_off import BrokenOff, refuse_if_spent
from funcdex.stages.turns.talk import Talk
from funcdex.types.conversation import JsonValue
from funcdex.types.request import Completion, NativeCall, NativeChat
from funcdex.types.tools import Tool


@dataclass(frozen=True, slots=True)
class NativeAssistant:
    """Sees the conversation, and is offered the tools."""

    dialogue: Dialogue
    shown: Sequence[Tool]
    form: Form

    async def next_message(self, talk: Talk, *, may_call: bool) -> str:
        """See `Assistant`."""
        dialogue, generation = self.dialogue, self.dialogue.context.settings.generation
        names = [tool.name for tool in self.shown] if may_call else []
        tools = orjson.dumps([as_written(tool).as_openai for tool in self.shown])

        def chat(instructions: str) -> NativeChat:
            messages = [{"role": "system", "content": instructions}, *chat_messages(talk.text)]
            choice: Literal["auto", "none"] = "auto" if may_call else "none"
            return NativeChat(orjson.dumps(messages), tools, choice, self.form.parallel_calls)

        fault: BrokenOff | None = None
        for _ in range(generation.max_stage_retries + 1):
            refuse_if_spent(dialogue)
            completion = await dialogue.ask(
                "assistant_turn_native",
                part="assistant_turn",
                native=chat,
                today=dialogue.draft.plan.today,
            )
            if completion.finish_reason != "stop" or dialogue.runaway is not None:
                fault = None
                continue
            try:
                return markup_of(completion, names)
            except _Unusable as unusable:
                fault = BrokenOff(unusable.reason, str(unusable), talk.turns - 1)
        raise fault or BrokenOff(dialogue.runaway or "no_answer", "no message of the assistant was whole")


class _Unusable(Exception):
    """A message that no conversation can hold. Never leaves this module."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def chat_messages(markup: str) -> list[dict[str, Any]]:
    """A conversation, of which the last turn need not be whole, as messages of the chat API. Calls have ids
    of nine letters and digits, which the strictest chat templates ask for. Raises MarkupError."""
    messages: list[dict[str, Any]] = []
    waiting: deque[str] = deque()
    count = 0
    for token in tokens(markup):
        match token.kind:
            case "</user>":
                messages.append({"role": "user", "content": ""})
            case "</assistant>":
                messages.append({"role": "assistant", "content": None})
            case "text" if messages:
                messages[-1]["content"] = token.value
            case "<tool>":
                if not messages or messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                id, count = f"call{count:05d}", count + 1
                waiting.append(id)
                function = {"name": token.value["name"], "arguments": encode(token.value["arguments"])}
                called = messages[-1].setdefault("tool_calls", [])
                called.append({"id": id, "type": "function", "function": function})
            case "<tool_response>":
                answer = {"role": "tool", "tool_call_id": waiting.popleft(), "content": encode(token.value)}
                messages.append(answer)
            case _:
                pass
    return messages


def markup_of(completion: Completion, callable_names: Iterable[str]) -> str:
    """One message as markup. Raises _Unusable."""
    text, names = completion.text.strip(), frozenset(callable_names)
    if not text and not completion.calls:
        raise _Unusable("no_answer", "the assistant neither speaks nor calls")
    lines = ["</assistant>", *([escape(text)] if text else [])]
    for call in completion.calls:
        if call.name not in names:
            known = "is not a shown tool" if names else "is called where the assistant may only speak"
            raise _Unusable("unknown_tool", f"{call.name[:64]!r} {known}")
        lines.append(f"<tool>{encode({'name': call.name, 'arguments': _arguments(call)})}</tool>")
    return "\n".join(lines)


def _arguments(call: NativeCall) -> Mapping[str, JsonValue]:
    """No text stands for no arguments, as some models have it."""
    text = call.arguments.strip() or "{}"
    try:
        value, end = decode(text, 0)
    except MarkupError as error:
        raise _Unusable("invalid_arguments", f"the arguments of {call.name} are no JSON: {error}") from error
    if end != len(text) or not isinstance(value, dict):
        raise _Unusable("invalid_arguments", f"the arguments of {call.name} are not one JSON object")
    return value
