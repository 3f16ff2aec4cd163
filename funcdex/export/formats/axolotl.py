"""Axolotl's `chat_template` type, with the YAML that names the fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from funcdex.export.chat import chat_messages, lineage
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.jsontext import tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    as_values = options.encoding == "json"
    messages = chat_messages(sample, options, arguments="values" if as_values else "text")
    if options.loss_mask:
        trained = [] if sample.system is None else [False]
        trained += (message.trained for message in sample.messages)
        for chat, train in zip(messages, trained, strict=True):
            chat["train"] = train
    tools: Any = list(sample.tools) if as_values else tools_text(sample.tools)
    yield "", {**lineage(sample), "messages": messages, "tools": tools}


def _side_files(splits: Sequence[str], options: Options) -> Mapping[str, str]:
    files = {"axolotl.yaml": _HEAD + _section("datasets", "train", options)}
    if "test" in splits:
        files["axolotl.yaml"] += _section("test_datasets", "test", options)
    return files


def _section(key: str, split: str, options: Options) -> str:
    lines = [
        f"{key}:",
        f"  - path: {split}.jsonl  # from where you start axolotl",
        "    ds_type: json",
        "    split: train",
        "    type: chat_template",
        "    field_messages: messages",
        "    field_tools: tools",
        "    message_property_mappings:",
        "      role: role",
        "      content: content",
    ]
    if options.loss_mask:
        lines += ["    roles_to_train: []", "    message_field_training: train", "    train_on_eos: turn"]
    else:
        lines += ['    roles_to_train: ["assistant"]', "    train_on_eos: turn"]
    return "\n".join(lines) + "\n"


_HEAD = """# Put these lines into your Axolotl configuration.
chat_template: tokenizer_default
"""

FORMAT = Format(
    name="axolotl",
    says="Axolotl: chat_template messages, with the YAML for it",
    rows=_rows,
    side_files=_side_files,
)
