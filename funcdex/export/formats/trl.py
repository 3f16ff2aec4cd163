"""TRL's conversational format: `messages` and `tools`, which SFTTrainer puts through the chat template.

With `encoding: json` tools and arguments are JSON values, and the card declares their columns as `Json`: from
plain Arrow structs every tool would come back with the fields of all others, as nulls. With `strings` both
are JSON text, for versions of `datasets` without that type; SFTTrainer reads such tools, but some templates
write such arguments as a string.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from funcdex.export.chat import Chat, chat_messages, lineage, loss_mask
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample

_TEXTS = ("id", "toolkit", "kind")
_MESSAGE_TEXTS = ("role", "content", "reasoning_content", "tool_call_id", "name")


def row(sample: Sample, options: Options) -> dict[str, Any]:
    """One sample as TRL reads it."""
    return lineage(sample) | _columns(sample, options) | loss_mask(sample, options)


def features(options: Options) -> Sequence[Mapping[str, Any]]:
    """The columns of `row`."""
    columns = [_text(name) for name in _TEXTS]
    if options.encoding == "json":
        columns += ({"name": name, "list": {"dtype": "json"}} for name in ("messages", "tools"))
    else:
        columns += ({"name": "messages", "list": [*map(_text, _MESSAGE_TEXTS), _CALLS]}, _text("tools"))
    if options.loss_mask:
        columns.append({"name": "loss_mask", "list": "int64"})
    return columns


def _columns(sample: Sample, options: Options) -> dict[str, Any]:
    if options.encoding == "json":
        messages = chat_messages(sample, options, arguments="values")
        return {"messages": messages, "tools": list(sample.tools)}
    messages = [_with_every_field(message) for message in chat_messages(sample, options)]
    return {"messages": messages, "tools": tools_text(sample.tools)}


def _with_every_field(message: Chat) -> Chat:
    """The same fields in every message, so that the column has one type."""
    return {name: message.get(name) for name in (*_MESSAGE_TEXTS, "tool_calls")}


def _text(name: str) -> Mapping[str, Any]:
    return {"name": name, "dtype": "string"}


_CALLS: Mapping[str, Any] = {
    "name": "tool_calls",
    "list": [
        _text("id"),
        _text("type"),
        {"name": "function", "struct": [_text("name"), _text("arguments")]},
    ],
}


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    yield "", row(sample, options)


FORMAT = Format(
    name="trl",
    says="TRL, conversational: messages and tools",
    rows=_rows,
    features=features,
)
