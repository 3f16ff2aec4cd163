"""Messages in the shape of the chat API, which many trainers read; each says what it wants otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.export.content import content_of_parts
from funcdex.export.options import Options
from funcdex.export.sample import Call, Message, Sample

Chat = dict[str, Any]


def chat_messages(sample: Sample, options: Options, *, arguments: str = "text") -> list[Chat]:
    """The messages, a system message first where there is a prompt.

    `arguments`: "text" for JSON text, as the API has them, "values" for objects, as chat templates want them.
    """
    messages: list[Chat] = [] if sample.system is None else [{"role": "system", "content": sample.system}]
    messages += (chat_message(message, options, arguments=arguments) for message in sample.messages)
    return messages


def chat_message(message: Message, options: Options, *, arguments: str = "text") -> Chat:
    """One message; a message without text has an empty one, since not every template knows null."""
    if message.role == "tool":
        return {
            "role": "tool",
            "tool_call_id": message.answers,
            "name": message.name,
            "content": message.text,
        }
    if message.role == "user":
        return {"role": "user", "content": message.text}
    chat: Chat = {"role": "assistant", "content": spoken(message, options)}
    if message.thought is not None and options.thoughts == "reasoning_content":
        chat["reasoning_content"] = message.thought
    if message.calls:
        chat["tool_calls"] = [_call(call, arguments) for call in message.calls]
    return chat


def spoken(message: Message, options: Options) -> str:
    """The assistant's text, with its thought in it where the options keep it there."""
    if options.thoughts == "keep":
        return content_of_parts(message.thought, message.text) or ""
    return message.text


def thinking(message: Message, options: Options) -> str:
    """The thought between `<think>` tags, as reasoning models write it; "" where there is none."""
    if message.thought is None or options.thoughts == "strip":
        return ""
    return f"<think>\n{message.thought}\n</think>\n\n"


def loss_mask(sample: Sample, options: Options) -> dict[str, list[int]]:
    """The column `loss_mask`: 1 for each message to be learnt, 0 for the others; none unless it is asked."""
    if not options.loss_mask:
        return {}
    before = [] if sample.system is None else [0]
    return {"loss_mask": before + [int(message.trained) for message in sample.messages]}


def lineage(sample: Sample) -> dict[str, str]:
    """The columns by which a row is found again."""
    return {"id": sample.id, "toolkit": sample.toolkit, "kind": sample.kind}


def functions(tools: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tools without the envelope that says that they are functions."""
    return [tool["function"] for tool in tools]


def _call(call: Call, arguments: str) -> Chat:
    function = {"name": call.name, "arguments": call.values if arguments == "values" else call.arguments}
    return {"id": call.id, "type": "function", "function": function}
