from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import anyio.to_thread
from running import command, records, run_command, run_until

from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.reading import read_journal
from funcdex.sim.process import SimProcess

COUNT = 300
KILLS = 10
ENTRIES = COUNT * 8


def session_of_kills(run: RunDir, begin: list[str], resume: list[str]) -> int:
    """Kills a run at random places of its journal, again and again; how often it was really killed."""
    dice = random.Random(20)
    places = sorted(dice.sample(range(ENTRIES // 50, ENTRIES * 9 // 10), KILLS))
    killed = 0
    for place in places:
        arguments = resume if run.exists else begin
        killed += run_until(arguments, run.journal, place)
        for line in run.journal.read_bytes().splitlines(keepends=True)[:-1]:
            assert line.endswith(b"\n")
    return killed


async def test_a_run_killed_ten_times_settles_everything_exactly_once(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")
    endpoints = ",".join(sim.url for sim in sims)
    begin = command(
        "generate", small_config, "--endpoints", endpoints, "--run", run.path,
        "--toolkits", "gmail,jira+gmail,whatsapp", "--count", COUNT,
    )  # fmt: skip
    killed = await anyio.to_thread.run_sync(session_of_kills, run, begin, command("resume", run.path))
    assert killed == KILLS, "each kill must hit a session at work"
    before = [(entry["id"], entry.get("stage")) for entry in records_so_far(run)]

    finished = await anyio.to_thread.run_sync(run_command, "resume", run.path)

    assert finished.returncode in (0, 5), finished.stderr
    state = read_journal(run)
    assert sorted(state.settled) == [f"conv_{index:05d}" for index in range(1, COUNT + 1)]
    assert (state.unsettled, state.repeated, state.passed_over, state.damaged) == ({}, 0, 0, ())
    assert not run.damaged.exists(), "what this version wrote it can read"
    steps = Counter((entry["id"], entry["entry"], entry.get("stage")) for entry in records(run.journal))
    assert set(steps.values()) == {1}, "nothing that was acknowledged is done again"
    assert before == [(entry["id"], entry.get("stage")) for entry in records(run.journal)][: len(before)]
    accepted = {id for id in state.settled if id not in state.rejected_ids}
    ids = {name: [record["id"] for record in records(run.output(name))] for name in OUTPUTS}
    assert all(len(found) == len(set(found)) for found in ids.values())
    assert set(ids["parsed_conversations"]) == set(ids["accepted_conversations"]) == accepted
    assert set(ids["rejected"]) == set(state.rejected_ids)


def records_so_far(run: RunDir) -> list[dict[str, str]]:
    """What the journal holds after a kill, a torn last line left out."""
    whole = run.journal.read_bytes()
    path = run.path / "copy.jsonl"
    path.write_bytes(whole[: whole.rfind(b"\n") + 1])
    return records(path)


async def test_a_finished_run_needs_no_endpoint_to_say_so(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    arguments = (
        "generate", small_config, "--endpoints", sims[0].url, "--run", tmp_path / "run",
        "--toolkits", "todoist", "--count", 3,
    )  # fmt: skip
    first = await anyio.to_thread.run_sync(run_command, *arguments)
    assert first.returncode in (0, 5), first.stderr
    for sim in sims:
        await sim.kill()

    again = await anyio.to_thread.run_sync(run_command, *arguments, "--json", "-")

    assert again.returncode == first.returncode, again.stderr
    ending = json.loads(again.stdout)
    assert (ending["planned"], ending["simulated"], ending["fault"]) == (3, True, None)
    assert ending["accepted"] + sum(ending["rejected"].values()) == 3
