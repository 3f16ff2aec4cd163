"""TRL's conversational format: `messages` and `tools`, which SFTTrainer puts through the chat template.

With `encoding: json` tools and arguments are JSON values, and the card declares their columns as `Json`: from
plain Arrow structs every tool would come back with the fields of all others, as nulls. With `strings` both are
JSON text, for versions of `datasets` without that type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from funcdex.export.chat import Chat, as_json, chat_messages, lineage, loss_mask
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.options import Options
from funcdex.export.sample import Sample

_JSON_COLUMNS = ("messages", "tools")
_TEXTS = ("id", "toolkit", "kind")
_MESSAGE_TEXTS = ("role", "content", "reasoning_content", "tool_call_id", "name", "tool_calls")


def row(sample: Sample, options: Options) -> dict[str, Any]:
    """One sample as TRL reads it."""
    return lineage(sample) | _columns(sample, options) | loss_mask(sample, options)


def features(options: Options) -> Sequence[Mapping[str, Any]]:
    """The columns of `row`."""
    columns: list[Mapping[str, Any]] = [{"name": name, "dtype": "string"} for name in _TEXTS]
    if options.encoding == "json":
        columns += ({"name": name, "list": {"dtype": "json"}} for name in _JSON_COLUMNS)
    else:
        fields = [{"name": name, "dtype": "string"} for name in _MESSAGE_TEXTS]
        columns += ({"name": "messages", "list": fields}, {"name": "tools", "dtype": "string"})
    if options.loss_mask:
        columns.append({"name": "loss_mask", "list": "int64"})
    return columns


def _columns(sample: Sample, options: Options) -> dict[str, Any]:
    if options.encoding == "json":
        messages = chat_messages(sample, options, arguments="values")
        return {"messages": messages, "tools": list(sample.tools)}
    messages = [_as_texts(message) for message in chat_messages(sample, options)]
    return {"messages": messages, "tools": as_json(sample.tools)}


def _as_texts(message: Chat) -> Chat:
    """Every field in every message, so that the column has one type; calls as JSON text."""
    texts: Chat = {name: message.get(name) for name in _MESSAGE_TEXTS}
    if "tool_calls" in message:
        texts["tool_calls"] = as_json(message["tool_calls"])
    return texts


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    yield "", row(sample, options)


FORMAT = Format(
    name="trl",
    says="TRL, conversational: messages and tools",
    rows=_rows,
    features=features,
)
