"""OpenAI's fine-tuning format. Its checker refuses keys it does not know, so no column says where a row is
from; `weight` is its loss mask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from funcdex.export.chat import Chat, chat_message
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.options import Options
from funcdex.export.sample import Message, Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    messages = [_message(message, options) for message in sample.messages]
    if sample.system is not None:
        messages.insert(0, {"role": "system", "content": sample.system})
    row: dict[str, Any] = {"messages": messages}
    if sample.tools:
        parallel = any(len(message.calls) > 1 for message in sample.messages)
        row |= {"tools": list(sample.tools), "parallel_tool_calls": parallel}
    yield "", row


def _message(message: Message, options: Options) -> Chat:
    chat = chat_message(message, options)
    chat.pop("name", None)
    if message.role == "assistant":
        if not chat["content"]:
            chat["content"] = None
        if options.loss_mask:
            chat["weight"] = int(message.trained)
    return chat


FORMAT = Format(
    name="openai",
    says="OpenAI fine-tuning: chat messages with tools",
    rows=_rows,
    thoughts=("keep", "strip"),
)
