"""`funcdex eval` as scripts see it: exit codes, what it prints, and where hostile text ends up."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from aiohttp import web
from running import run_command

from evaluate.talks import Said, answering, calls, response, says, talk, user, write_dataset

HOSTILE = "\x1b]0;owned\x07\u202eevil\x9b31m"
DATASET = [
    talk("a", user("Write."), calls(("SEND", {"to": "Ada"})), response({}), says("Done."), kind="happy_path"),
    talk("b", user("Sing."), says("No."), kind="missing_tool") | {"toolkit": HOSTILE},
]


async def run(*words: object) -> subprocess.CompletedProcess[str]:
    return await anyio.to_thread.run_sync(partial(run_command, "eval", *words))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data.jsonl", DATASET)


async def test_hostile_answers_reach_files_as_data_and_the_terminal_as_marks(
    tmp_path: Path, dataset: Path
) -> None:
    def hostile(body: dict[str, Any]) -> Said:
        return calls((HOSTILE, {HOSTILE: HOSTILE}), text=HOSTILE)

    out = tmp_path / "out"
    async with answering(hostile) as server:
        result = await run(dataset, "--endpoints", server.url, "--out", out)
        told = await run(dataset, "--out", out, "--json", "-")
    assert result.returncode == told.returncode == 0, result.stderr
    compared = await run("compare", out, "--html", tmp_path / "c.html", "--markdown", "-")
    for text in (result.stdout, result.stderr, told.stdout, compared.stdout, compared.stderr):
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    assert "\x1b" not in (tmp_path / "c.html").read_text("utf-8")
    assert json.loads(told.stdout)["scores"]["hallucinated_tools"]["value"] == 1.0
    lines = (out / "records.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["answered"] == [{"name": HOSTILE, "arguments": {HOSTILE: HOSTILE}}]


async def test_contexts_that_nobody_answered_have_exit_code_5(tmp_path: Path, dataset: Path) -> None:
    def refusing(body: dict[str, Any]) -> Said | web.Response:
        if body["messages"][-1]["content"] == "Sing.":
            return web.json_response({"error": {"message": "no songs"}}, status=400)
        return calls(("SEND", {"to": "Ada"}))

    async with answering(refusing) as server:
        result = await run(dataset, "--endpoints", server.url, "--out", tmp_path / "out")
    assert result.returncode == 5 and "1 unanswered" in result.stdout, result.stderr


async def test_no_endpoint_has_exit_code_4(tmp_path: Path, dataset: Path) -> None:
    result = await run(dataset, "--endpoints", "http://127.0.0.1:9", "--out", tmp_path / "out")
    assert result.returncode == 4 and "no endpoint can be used" in result.stderr


async def test_wrong_use_has_exit_code_2_and_one_message(tmp_path: Path, dataset: Path) -> None:
    for words in (
        [tmp_path / "nowhere.jsonl", "--endpoints", "sim"],
        [tmp_path, "--endpoints", "sim"],
        [dataset],
        ["compare", tmp_path / "nowhere"],
        [dataset, "--endpoints", "sim", "--prices", dataset],
    ):
        result = await run(*words, *(["--out", tmp_path / "out"] if words[0] != "compare" else []))
        assert result.returncode == 2 and result.stderr.count("error:") == 1, (words, result.stderr)
        assert "Traceback" not in result.stderr


async def test_an_export_is_evaluated_by_its_test_split(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write_dataset(folder / "train.jsonl", [DATASET[0]])
    write_dataset(folder / "test.jsonl", [DATASET[1]])
    async with answering(lambda body: says("No.")) as server:
        result = await run(folder, "--endpoints", server.url, "--out", tmp_path / "out", "--json", "-")
    assert json.loads(result.stdout)["contexts"] == {"all": 1, "abstain": 1}
