from __future__ import annotations

import json
from pathlib import Path

import anyio.to_thread
import pytest
from running import SMALL, records, run_command

from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.sim.process import SimProcess


@pytest.fixture
def happy_config(small_config: Path) -> Path:
    """Of a kind that the simulated model writes well, so that each conversation reaches the judge."""
    text = SMALL.replace("generation: {", "generation: {kinds: {happy_path: 1}, ")
    small_config.write_text(text, "utf-8")
    return small_config


async def test_a_run_goes_on_only_with_the_settings_it_began_with(
    tmp_path: Path, happy_config: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")

    async def generate(*more: object) -> tuple[int, str]:
        arguments = (
            "generate", happy_config, "--endpoints", sims[0].url, "--run", run.path,
            "--toolkits", "asana", *more,
        )  # fmt: skip
        result = await anyio.to_thread.run_sync(run_command, *arguments)
        return result.returncode, result.stderr

    code, message = await generate("--count", 2)
    assert code in (0, 5), message
    code, message = await generate("--count", 2, "--thoughts")
    assert code == 2 and "generation.thoughts: false, now true" in message
    code, message = await generate("--count", 2, "--seed", 9, "--accept-changes")
    assert code == 2 and "seed: 0, now 9" in message
    code, message = await generate("--count", 4, "--thoughts", "--accept-changes")
    assert code in (0, 5), message

    settled = [record["id"] for record in records(run.output("scored_conversations"))]
    assert sorted(settled) == [f"conv_{index:05d}" for index in range(1, 5)]
    texts = {record["id"]: record["conversation_dml"] for record in records(run.output("conversations"))}
    assert ["<assistant_thought>" in texts[f"conv_0000{index}"] for index in range(1, 5)] == [
        False,
        False,
        True,
        True,
    ]
    more = await anyio.to_thread.run_sync(run_command, "resume", run.path, "--count", 5)
    assert more.returncode in (0, 5), more.stderr
    assert len(records(run.output("scored_conversations"))) == 5
    fewer = await anyio.to_thread.run_sync(run_command, "resume", run.path, "--count", 3)
    assert fewer.returncode == 2 and "count: 5, now 3" in fewer.stderr
    assert json.loads(run.manifest.read_bytes())["count"] == 5


async def test_rejected_conversations_are_tried_again_when_asked_for(
    tmp_path: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")
    config = tmp_path / "strict.yaml"
    text = (
        "generation: {min_user_turns: 1, max_user_turns: 1}\n"
        "dedup: {enabled: false}\njudge: {min_tool_use_quality: 5}\n"
    )
    config.write_text(text, "utf-8")
    arguments = (
        "generate", config, "--endpoints", sims[0].url, "--run", run.path,
        "--toolkits", "calendly", "--count", 12,
    )  # fmt: skip
    first = await anyio.to_thread.run_sync(run_command, *arguments)
    rejected = {record["id"]: record for record in records(run.output("rejected"))}
    assert first.returncode == 5 and 0 < len(rejected) < 12, first.stdout

    await anyio.to_thread.run_sync(run_command, "resume", run.path, "--retry-rejected")

    accepted = {record["id"] for record in records(run.output("accepted_conversations"))}
    still = {record["id"]: record for record in records(run.output("rejected"))}
    assert accepted | set(still) == {f"conv_{index:05d}" for index in range(1, 13)}
    assert not accepted & set(still)
    assert all(still[id]["scenario"] != rejected[id]["scenario"] for id in still if id in rejected)


async def test_a_run_of_a_version_that_knew_fewer_settings_goes_on(
    tmp_path: Path, small_config: Path, sims: list[SimProcess]
) -> None:
    run = RunDir(tmp_path / "run")
    arguments = (
        "generate", small_config, "--endpoints", sims[0].url, "--run", run.path, "--toolkits", "asana",
        "--count", 2,
    )  # fmt: skip
    done = await anyio.to_thread.run_sync(run_command, *arguments)
    assert done.returncode in (0, 5), done.stderr
    _as_an_earlier_version_left_it(run)
    more = await anyio.to_thread.run_sync(run_command, "resume", run.path, "--count", 4)
    assert more.returncode in (0, 5), more.stderr
    lines = records(run.output("conversations"))
    assert len({line["id"] for line in lines}) == 4
    assert ["grammar" in line for line in sorted(lines, key=lambda line: line["id"])] == [False] * 2 + [
        True
    ] * 2


def _as_an_earlier_version_left_it(run: RunDir) -> None:
    manifest = json.loads(run.manifest.read_bytes())
    del manifest["settings"]["grammar"]
    run.manifest.write_text(json.dumps(manifest), "utf-8")
    entries = records(run.journal)
    for entry in entries:
        entry.get("value", {}).pop("grammar", None)
    run.journal.write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    for output in OUTPUTS:
        run.output(output).unlink()
