"""A run whose tools take files: written as text, kept as base64, in both ways of writing."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from running import records, run_command

from funcdex.dml.parser import parse
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.process import SimProcess

CONTENT = {
    "type": "string",
    "description": "The file in base64.",
    "contentEncoding": "base64",
    "pattern": "^[A-Za-z0-9+/=]*$",
}


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


FILE = closed(data=CONTENT, size={"type": "integer"})
KEEP = {
    "name": "KEEP",
    "description": "Keeps a file.",
    "parameters": closed(file=FILE),
    "response": closed(copy=CONTENT),
}
TOOLS = {"toolkit": "shelf", "description": "Files.", "tools": [KEEP]}


def bytes_of(text: object) -> bytes:
    return base64.b64decode(str(text), validate=True)


@pytest.mark.parametrize("mode", ["whole", "turn_by_turn"])
async def test_what_is_exported_is_base64_of_what_was_written(
    tmp_path: Path, sims: list[SimProcess], mode: str
) -> None:
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS), "utf-8")
    settings: dict[str, Any] = {
        "generation": {
            "mode": mode,
            "min_user_turns": 1,
            "max_user_turns": 2,
            "kinds": {"happy_path": 1},
            "check_plans": False,
        },
        "dedup": {"enabled": False},
    }
    config, run = tmp_path / "config.yaml", RunDir(tmp_path / "run")
    config.write_text(json.dumps(settings), "utf-8")
    done = await anyio.to_thread.run_sync(
        run_command,
        *("generate", config, "--tools", tmp_path / "tools.json", "--endpoints", sims[0].url),
        *("--count", 4, "--run", run.path),
    )
    assert done.returncode in (0, 5), done.stderr
    lines = [line for line in records(run.output("conversations")) if "written_dml" in line]
    assert lines, "nothing with a file was written"
    for line in lines:
        kept, written = parse(line["conversation_dml"]), parse(line["written_dml"])
        for made, plain in zip(kept.calls, written.calls, strict=True):
            file: Any = made.arguments["file"]
            original: Any = plain.arguments["file"]
            assert bytes_of(file["data"]) == original["data"].encode()
            assert file["size"] == len(original["data"].encode())
        for step, before in zip(kept.steps, written.steps, strict=True):
            for answer, told in zip(step.responses, before.responses, strict=True):
                assert bytes_of(answer["copy"]) == told["copy"].encode()
        assert line["lineage"]["files_encoded"] is True
        assert line["tools"][0]["function"]["parameters"]["properties"]["file"] == FILE
    assert read_journal(run).damaged == (), "a resume reads every entry"
    checked = await anyio.to_thread.run_sync(run_command, "validate", run.output("conversations"))
    assert "file_content" not in checked.stdout and "wrong_file_size" not in checked.stdout
    assert "invalid_arguments" not in checked.stdout
