"""A killed run that writes turn by turn goes on at the turns it had reached."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import anyio.to_thread
from running import SMALL, command, records, run_command, run_until

from funcdex.dml.turns import turn_texts
from funcdex.rundir.layout import RunDir
from funcdex.sim.process import SimProcess

COUNT = 12
KILLS = (40, 60, 80)
IN_TURNS = SMALL.replace(
    "generation: {min_user_turns: 1, max_user_turns: 2,",
    "generation: {mode: turn_by_turn, check_plans: false, min_user_turns: 3, max_user_turns: 4,",
)


def turns(entries: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(one["id"], one["sample"], one["turn"]) for one in entries if one["entry"] == "turn"]


async def test_each_turn_is_asked_for_once_however_often_the_run_is_killed(
    tmp_path: Path, sims: list[SimProcess]
) -> None:
    config, run = tmp_path / "turns.yaml", RunDir(tmp_path / "run")
    config.write_text(IN_TURNS, "utf-8")
    arguments = command(
        "generate", config, "--endpoints", ",".join(sim.url for sim in sims), "--run", run.path,
        "--toolkits", "stripe", "--count", COUNT,
    )  # fmt: skip
    for place in KILLS:
        assert await anyio.to_thread.run_sync(run_until, arguments, run.journal, place)
    before = [one for one in records(run.journal) if one["entry"] == "turn"]
    finished = await anyio.to_thread.run_sync(run_command, "resume", run.path)

    assert finished.returncode in (0, 5), finished.stderr
    entries = records(run.journal)
    assert before and Counter(turns(entries)).most_common(1)[0][1] == 1
    assert turns(entries)[: len(before)] == turns(before)
    for written in (one for one in entries if one.get("stage") == "conversation" and one["entry"] == "stage"):
        of_it = [one for one in entries if one["entry"] == "turn" and one["id"] == written["id"]]
        last = [one["dml"] for one in of_it if one["sample"] == of_it[-1]["sample"]]
        if not written["value"]["corrected"]:
            assert [text.strip() for text in turn_texts(written["value"]["dml"])] == last
        told = [used for one in of_it for used in one["usage"]]
        assert written["usage"][: len(told)] == told, "its bill is whole, in order"
