"""ShareGPT as LLaMA-Factory reads it, with the `dataset_info.json` that tells it how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from funcdex.export.chat import functions, lineage
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.formats.turns import turns
from funcdex.export.jsontext import tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample

LOST = "what the assistant says beside its calls: a turn here is either text or calls"


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    spoken = turns(sample, options)
    row: dict[str, Any] = {
        **lineage(sample),
        "conversations": [{"from": turn.speaker, "value": turn.text} for turn in spoken],
        "system": sample.system or "",
        "tools": tools_text(functions(sample.tools)),
    }
    if options.loss_mask:
        row["loss_mask"] = [int(turn.trained) for turn in spoken]
    yield "", row


def _side_files(splits: Sequence[str], _options: Options) -> Mapping[str, str]:
    columns = {"messages": "conversations", "system": "system", "tools": "tools"}
    return {"dataset_info.json": dataset_info(splits, {"formatting": "sharegpt", "columns": columns})}


def dataset_info(splits: Sequence[str], description: Mapping[str, Any]) -> str:
    """The text of `dataset_info.json`: one data set a split, named `funcdex_SPLIT`."""
    info = {f"funcdex_{split}": {"file_name": f"{split}.jsonl", **description} for split in splits}
    return orjson.dumps(info, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


FORMAT = Format(
    name="sharegpt",
    says="ShareGPT with function_call and observation, for LLaMA-Factory",
    rows=_rows,
    lost=LOST,
    side_files=_side_files,
)
