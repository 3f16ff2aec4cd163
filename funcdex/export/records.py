"""A conversation as a line of `parsed_conversations.jsonl`: messages, tools and system prompt apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.export.messages import to_messages
from funcdex.types.conversation import Conversation, JsonValue
from funcdex.types.tools import Tool


def parsed_record(
    conversation: Conversation,
    *,
    system_prompt: str,
    tools: Sequence[Tool],
    toolkits: Sequence[str],
    extra: Mapping[str, JsonValue],
) -> dict[str, Any]:
    """The record, ready for JSON. `tools` are those that were shown; `extra` (id, model...) comes first.

    A key of the format wins over one of `extra`.
    """
    return {
        **extra,
        "messages": to_messages(conversation),
        "system_prompt": system_prompt,
        "tools": [tool.as_openai for tool in tools],
        "toolkit": "-".join(toolkits),
        "original_toolkit_count": len(toolkits),
    }
