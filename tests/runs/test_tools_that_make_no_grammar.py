"""What a user sees where tools make no grammar, or one that enforces only a part of their schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio.to_thread
from running import SMALL, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.sim.process import SimProcess

GOOD = {"type": "object", "properties": {"to": {"type": "array", "uniqueItems": True}}}
HUGE = {"type": "object", "properties": {"to": {"enum": [f"value {n}" for n in range(100_000)]}}}


def tools(path: Path, **parameters: dict[str, Any]) -> Path:
    each = [{"name": name, "description": "Sends.", "parameters": of} for name, of in parameters.items()]
    path.write_text(json.dumps({"toolkit": "post", "description": "Letters.", "tools": each}), "utf-8")
    return path


async def test_a_tool_without_a_grammar_is_named_once_and_never_shown(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    file = tools(tmp_path / "tools.json", SEND=GOOD, SIGN=HUGE)
    arguments = (
        "generate", small_config, "--tools", file, "--endpoints", sims[0].url, "--count", 3,
        "--run", tmp_path / "run",
    )  # fmt: skip
    done = await anyio.to_thread.run_sync(run_command, *arguments)
    assert done.returncode in (0, 5), done.stderr
    assert done.stderr.count("post/SIGN, parameters: $.properties.to.enum") == 1
    assert done.stderr.count("1 keywords of the tools' schemas are not enforced") == 1
    lines = records(RunDir(tmp_path / "run").output("conversations"))
    assert len(lines) == 3
    for line in lines:
        assert [tool["function"]["name"] for tool in line["tools"]] == ["SEND"]
        assert line["grammar"]["relaxed"] == ["post/SEND parameters: $.properties.to: uniqueItems"]


def test_no_tool_left_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    file, run = tools(tmp_path / "tools.json", SIGN=HUGE), RunDir(tmp_path / "run")
    done = run_command("generate", "--tools", file, "--endpoints", "http://127.0.0.1:9", "--run", run.path)
    assert done.returncode == 2 and "no tool of post can be shown" in done.stderr
    assert not run.exists, "nothing stands in the way of beginning it again"


def test_what_cannot_be_enforced_is_refused_where_that_is_asked_for(tmp_path: Path) -> None:
    file, run = tools(tmp_path / "tools.json", SEND=GOOD), RunDir(tmp_path / "run")
    config = tmp_path / "strict.yaml"
    config.write_text(SMALL + "grammar: {unsupported: refuse}\n", "utf-8")
    arguments = ("generate", config, "--tools", file, "--endpoints", "http://127.0.0.1:9", "--run", run.path)
    done = run_command(*arguments)
    assert done.returncode == 2, done.stderr
    assert "post/SEND parameters: $.properties.to uses 'uniqueItems'" in done.stderr
    assert not run.exists
    dry = run_command(*arguments, "--dry-run")
    assert dry.returncode == 2 and "uses 'uniqueItems'" in dry.stderr


def test_a_dry_run_tells_the_sets_and_what_is_not_enforced(tmp_path: Path) -> None:
    file = tools(tmp_path / "tools.json", SEND=GOOD)
    done = run_command("generate", "--tools", file, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "1 set of tools, with a grammar, of 1 tool" in done.stdout
    assert "post/SEND parameters: $.properties.to: uniqueItems\n" in done.stdout
    shipped = run_command("generate", "--toolkits", "gmail", "--dry-run")
    assert "64 sets of tools, each with a grammar, of 4 to 15 tools" in shipped.stdout
