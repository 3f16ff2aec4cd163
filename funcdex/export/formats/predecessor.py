"""Funcdex-Synthesizer's columns: messages and tools of `parsed_conversations.jsonl`; with `encoding: strings`
those of its published data set, where `tool_calls` and `tools` are JSON text and `system` is a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from funcdex.export.chat import Chat, chat_message
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import as_json, tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    messages = [_message(chat_message(message, options)) for message in sample.messages]
    if options.encoding == "json":
        row: dict[str, Any] = {
            "messages": messages,
            "system_prompt": sample.system or "",
            "tools": list(sample.tools),
            "toolkit": sample.toolkit,
            "original_toolkit_count": sample.toolkit_count,
        }
    else:
        for message in messages:
            if "tool_calls" in message:
                message["tool_calls"] = as_json(message["tool_calls"])
        row = {
            "messages": messages,
            "tools": tools_text(sample.tools),
            "system": sample.system or "",
            "toolkit": sample.toolkit,
        }
    yield "", row


def _message(chat: Chat) -> Chat:
    if chat["role"] == "assistant" and not chat["content"]:
        chat["content"] = None
    return chat


FORMAT = Format(name="predecessor", says="Funcdex-Synthesizer's columns", rows=_rows)
