"""A whole run in turns whose assistant calls by the chat API's own tools."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
from running import SMALL, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.sim.process import SimProcess

NATIVE = SMALL.replace(
    "generation: {",
    "judge: {enabled: false}\ngeneration: {mode: turn_by_turn, assistant_calls: native, check_plans: false, ",
)


async def test_its_conversations_are_verified_like_any_other(tmp_path: Path, sims: list[SimProcess]) -> None:
    config, run = tmp_path / "native.yaml", RunDir(tmp_path / "run")
    config.write_text(NATIVE, "utf-8")
    done = await anyio.to_thread.run_sync(
        run_command, "generate", config, "--endpoints", ",".join(sim.url for sim in sims),
        "--run", run.path, "--toolkits", "stripe", "--count", 8,
    )  # fmt: skip
    assert done.returncode in (0, 5), done.stderr
    kept = records(run.output("parsed_conversations"))
    assert len(kept) >= 4
    assert any("tool_calls" in message for record in kept for message in record["messages"])
    for record in kept:
        asked = {request["stage"] for request in record["lineage"]["requests"]}
        assert "assistant_turn_native" in asked and "assistant_turn" not in asked
    found = await anyio.to_thread.run_sync(run_command, "validate", run.output("parsed_conversations"))
    assert found.returncode == 0, found.stdout
