"""Alpaca with tools, for LLaMA-Factory: the last turn is the answer, all before it the history.

LLaMA-Factory knows no tool roles here, so calls and responses stand in the texts as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from funcdex.export.chat import functions, lineage
from funcdex.export.formats.protocol import Format, Placed
from funcdex.export.formats.sharegpt import LOST, dataset_info
from funcdex.export.formats.turns import turns
from funcdex.export.jsontext import tools_text
from funcdex.export.options import Options
from funcdex.export.sample import Sample


def _rows(sample: Sample, options: Options) -> Iterator[Placed]:
    spoken = turns(sample, options)
    pairs = [(asked.text, said) for asked, said in zip(spoken[::2], spoken[1::2], strict=True)]
    row: dict[str, Any] = {
        **lineage(sample),
        "instruction": pairs[-1][0],
        "input": "",
        "output": pairs[-1][1].text,
        "system": sample.system or "",
        "tools": tools_text(functions(sample.tools)),
        "history": [[asked, said.text] for asked, said in pairs[:-1]],
    }
    if options.loss_mask:
        row["loss_mask"] = [int(said.trained) for _, said in pairs]
    yield "", row


def _side_files(splits: Sequence[str], _options: Options) -> Mapping[str, str]:
    columns = {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
        "tools": "tools",
        "history": "history",
    }
    return {"dataset_info.json": dataset_info(splits, {"columns": columns})}


FORMAT = Format(
    name="alpaca",
    says="Alpaca with tools and history, for LLaMA-Factory",
    rows=_rows,
    lost=LOST,
    side_files=_side_files,
)
