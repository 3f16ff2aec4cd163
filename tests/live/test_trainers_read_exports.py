"""Exports as the `datasets` library gives them back and as TRL trains on them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from export.records import ABSTENTION, MESSAGES, record, rows, write_lines

from funcdex.dataset.export import ExportOrder, export
from funcdex.export.formats.registry import FORMATS
from funcdex.export.options import Encoding, Options
from live.build_env import PARTS

TEMPLATE = Path(__file__).parents[1] / "export" / "templates" / "qwen3.jinja"


def trainer(*words: object) -> str:
    """What tests/live/trainer.py prints."""
    part = PARTS["training"]
    if not part.is_built():
        pytest.skip("training: not built in .live; `make training` builds it; .live/training.log")
    script = Path(__file__).with_name("trainer.py")
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [part.product, script, *map(str, words)],
        env=os.environ | offline, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Ragged tools and arguments, parallel calls, an error, Unicode, and a conversation without calls."""
    function = {"name": "x", "description": "", "parameters": {"type": "object"}}
    other_tools = [{"type": "function", "function": function}]
    return write_lines(
        tmp_path / "records.jsonl",
        record("c1"),
        record("c2", messages=ABSTENTION, tools=other_tools),
        record("c3", messages=MESSAGES[:7]),
        record("c4", messages=ABSTENTION, tools=[]),
    )


@pytest.mark.parametrize("format", ["trl", "parquet"])
@pytest.mark.parametrize("encoding", ["json", "strings"])
def test_what_datasets_loads_is_what_was_exported(
    source: Path, tmp_path: Path, format: str, encoding: Encoding
) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    options = Options(encoding=encoding, thoughts="reasoning_content", loss_mask=True)
    export(ExportOrder(source, tmp_path / "out", FORMATS[format], options))
    found: list[Any] = [json.loads(line) for line in trainer("round-trip", tmp_path / "out").splitlines()]
    records = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    assert found == [dict(row) for one in records for row in rows("trl", one, options)]


@pytest.mark.parametrize("encoding", ["json", "strings"])
def test_trl_trains_two_steps_on_it_with_its_tools(source: Path, tmp_path: Path, encoding: Encoding) -> None:
    export(ExportOrder(source, tmp_path / "out", FORMATS["trl"], Options(encoding=encoding)))
    told = json.loads(trainer("two-steps", tmp_path / "out", TEMPLATE).splitlines()[-1])
    assert told["steps"] == 2 and len(told["losses"]) == 2
    assert all(loss > 0 for loss in told["losses"])
    assert "LIST_MESSAGES" in told["tokens_of_first"] and "DELETE_ALL" in told["tokens_of_first"]
    assert told["tokens_of_first"].startswith(told["template_of_first"].rstrip()[:2000])
