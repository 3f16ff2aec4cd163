"""An endpoint that goes round in circles now and then: such answers are drawn again, at a bounded cost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import anyio.to_thread
from running import SMALL, records, run_command

from funcdex.rundir.layout import RunDir
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import simulated_processes
from funcdex.stages.runaway import runaway_of

COUNT = 24
BUDGET_TOKENS = 3000
CONFIG = (
    SMALL.replace("generation: {", f"generation: {{max_tokens: {BUDGET_TOKENS}, ")
    + """
sampling: {conversation: {max_tokens: 2000}, correction: {max_tokens: 2000}}
"""
)


async def test_rambling_is_drawn_again_and_never_kept(tmp_path: Path) -> None:
    run, config = RunDir(tmp_path / "run"), tmp_path / "config.yaml"
    config.write_text(CONFIG, "utf-8")
    rambling = SimConfig(step_ms=0.0, faults=(parse_fault("ramble,probability=0.6"),))
    async with simulated_processes(1, rambling) as (sim,):
        arguments = (
            "generate", config, "--endpoints", sim.url, "--run", run.path,
            "--toolkits", "stripe", "--count", COUNT,
        )  # fmt: skip
        finished = await anyio.to_thread.run_sync(lambda: run_command(*arguments))
    assert finished.returncode in (0, 5), finished.stderr

    written = records(run.output("conversations"))
    assert written and all(runaway_of(one["conversation_dml"], "stop") is None for one in written)
    lost = records(run.output("rejected"))
    assert {one["reason"] for one in lost} <= {"low_score", "repetition", "length"}
    assert any(one["reason"] == "repetition" and "samples of" in one["detail"] for one in lost)

    spent: Counter[str] = Counter()
    for entry in records(run.journal):
        for used in entry.get("usage", ()):
            spent[entry["id"]] += used["completion_tokens"] * (
                used["stage"] in ("conversation", "correction")
            )
    assert max(spent.values()) <= BUDGET_TOKENS
