"""Whole runs whose scenarios are compared by a model where words and vectors do not settle it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import anyio.to_thread
from running import SMALL, command, records, run_command, run_until

from funcdex.rundir.layout import RunDir
from funcdex.sim.process import SimProcess

COUNT = 30
ASKING = SMALL.replace(
    "dedup: {enabled: false}",
    "dedup: {adjudicator: true, unsettled_similarity: 0.6, adjudicator_candidates: 3, conversations: false}",
)
"""Scenarios of the simulated endpoint are near to one another by vectors, and seldom the same."""


def scenarios(run: RunDir) -> list[dict[str, Any]]:
    return [entry for entry in records(run.journal) if entry.get("stage") == "scenario"]


async def test_a_killed_run_asks_what_is_open_and_never_again_what_is_answered(
    tmp_path: Path, sims: list[SimProcess]
) -> None:
    config, run = tmp_path / "asking.yaml", RunDir(tmp_path / "run")
    config.write_text(ASKING, "utf-8")
    begin = command(
        "generate", config, "--endpoints", ",".join(sim.url for sim in sims), "--run", run.path,
        "--toolkits", "gmail", "--count", COUNT,
    )  # fmt: skip
    assert await anyio.to_thread.run_sync(run_until, begin, run.journal, 3 * COUNT)
    before = scenarios(run)

    finished = await anyio.to_thread.run_sync(run_command, "resume", run.path)

    assert finished.returncode in (0, 5), finished.stderr
    after = scenarios(run)
    assert after[: len(before)] == before and len(before) > COUNT // 4  # an eighth of the entries
    assert Counter(entry["id"] for entry in after).most_common(1)[0][1] == 1
    bills = [[used["stage"] for used in entry["usage"]].count("adjudicator") for entry in after]
    kept = [entry["value"].get("adjudicated", []) for entry in after if entry["entry"] == "stage"]
    answers = Counter(one["same"] for each in kept for one in each)
    assert answers[True] and answers[False] and not answers[None]
    assert all(
        len(entry["value"].get("adjudicated", [])) == bill
        for entry, bill in zip(after, bills, strict=True)
        if entry["entry"] == "stage"
    )

    told = await anyio.to_thread.run_sync(run_command, "status", run.path, "--json", "-")
    assert json.loads(told.stdout)["adjudicated"] == sum(bills)
    told = await anyio.to_thread.run_sync(run_command, "stats", run.path, "--json", "-")
    figures = json.loads(told.stdout)
    assert figures["cost"]["adjudicator"]["requests"] == sum(bills)
    assert figures["duplicates"]["adjudicated_same"] == answers[True]
    for record in records(run.output("parsed_conversations")):
        of_record = next(one for one in after if one["id"] == record["id"])
        assert record["lineage"].get("adjudicated", []) == of_record["value"].get("adjudicated", [])
