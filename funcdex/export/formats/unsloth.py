"""Unsloth's usual column `conversations`, tools as JSON text, ready for `apply_chat_template`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from funcdex.export.chat import chat_messages, lineage, loss_mask
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import as_json, tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample

_LOADER = '''"""Reads this folder for Unsloth: a data set with the column `text`.

Calls stand in it as JSON text, because Arrow would mix the arguments of all of them; here they are
values again.
"""

import json
from pathlib import Path

from datasets import load_dataset

HERE = Path(__file__).parent


def conversation(row):
    messages = [dict(message) for message in row["conversations"]]
    for message in messages:
        if message.get("tool_calls"):
            message["tool_calls"] = json.loads(message["tool_calls"])
        for key in [key for key, value in message.items() if value is None]:
            del message[key]
    return messages, json.loads(row["tools"])


def load(tokenizer, split="train"):
    def text(row):
        messages, tools = conversation(row)
        return {"text": tokenizer.apply_chat_template(messages, tools=tools, tokenize=False)}

    return load_dataset("json", data_files=str(HERE / f"{split}.jsonl"), split="train").map(text)
'''


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    messages = chat_messages(sample, options, arguments="values")
    for message in messages:
        if "tool_calls" in message:
            message["tool_calls"] = as_json(message["tool_calls"])
    columns = {"conversations": messages, "tools": tools_text(sample.tools)}
    yield "", lineage(sample) | columns | loss_mask(sample, options)


def _side_files(_splits: Sequence[str], _options: Options) -> Mapping[str, str]:
    return {"load_for_unsloth.py": _LOADER}


FORMAT = Format(
    name="unsloth",
    says="Unsloth: conversations and tools, with a loader that renders them",
    rows=_rows,
    side_files=_side_files,
)
