"""`doctor`, `generate` and `resume` with endpoints that are listed, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import anyio.to_thread
from running import SMALL, records, run_command

from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes


async def test_commands_take_endpoints_from_a_list(tmp_path: Path) -> None:
    listing, config, run = tmp_path / "workers.txt", tmp_path / "small.yaml", tmp_path / "run"
    config.write_text(SMALL)
    source = f"file:{listing};max_in_flight=8"
    async with simulated_processes(2, SimConfig(step_ms=0.0)) as (one, two):
        listing.write_text(f"{one.url}\n{two.url}\n")

        def commands() -> None:
            doctor = run_command("doctor", "--endpoints", source, "--json", "-")
            assert [row["endpoint"] for row in json.loads(doctor.stdout)] == [one.url, two.url]
            asked = ("generate", config, "--endpoints", source, "--toolkits", "gmail", "--count", 4)
            generated = run_command(*asked, "--run", run)
            assert generated.returncode in (0, 5), generated.stderr
            listing.write_text(f"{two.url}\n")
            resumed = run_command("resume", run, "--count", 6)
            assert resumed.returncode in (0, 5), resumed.stderr

        await anyio.to_thread.run_sync(commands)
    events = records(run / "log.jsonl")
    second = [number for number, event in enumerate(events) if event["event"] == "session"][1]
    joined = [
        {event["endpoint"] for event in part if event["event"] == "joined"}
        for part in (events[:second], events[second:])
    ]
    assert joined == [{one.url, two.url}, {two.url}]
    assert (
        json.loads((run / "manifest.json").read_text())["settings"]["endpoints"][0]["url"]
        == f"file:{listing}"
    )


def test_a_list_that_is_empty_or_not_there_is_told_by_doctor(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("# nobody\n")
    for name, said in (("empty.txt", "lists no endpoint"), ("none.txt", "cannot be read")):
        done = run_command("doctor", "--endpoints", f"file:{tmp_path / name}")
        assert done.returncode == 4
        assert said in done.stderr and "Traceback" not in done.stderr
