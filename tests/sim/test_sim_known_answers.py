"""The simulated endpoint answers contexts of a data set: all right, or a seeded share of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from evaluate.talks import SEND, TOOLS, calls, response, says, talk, user, write_dataset
from running import run_command

from funcdex.errors import ConfigError
from funcdex.evaluate.answers import Answer
from funcdex.evaluate.verdict import judge, schemas_of
from funcdex.export.contexts import Context, contexts_of
from funcdex.export.sample import sample_of
from funcdex.sim.config import SimConfig, from_flags, to_flags
from funcdex.sim.known_answers import KnownAnswers
from funcdex.sim.process import simulated_processes
from funcdex.types.request import NativeCall

COUNT = 200


def record(number: int) -> dict[str, Any]:
    if number % 10 == 0:
        return talk(f"c{number}", user(f"Sing {number}."), says("No."), kind="missing_tool")
    return talk(
        f"c{number}",
        user(f"Write to {number}."),
        calls(("SEND", {"to": str(number), "pages": number})),
        response({}),
        says("Sent."),
        kind="happy_path",
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data.jsonl", [record(number) for number in range(COUNT)])


def verdicts(known: KnownAnswers) -> Counter[str]:
    found = Counter[str]()
    for number in range(COUNT):
        (context,) = contexts_of(sample_of(record(number), "x"))
        body = orjson.dumps({"messages": [record(number)["messages"][0]], "tools": TOOLS})
        generation = known.generation_for(body)
        assert generation is not None
        made = generation.native.calls if generation.native else ()
        answer = Answer("", tuple(NativeCall(*one) for one in made), generation.finish_reason)
        found["right" if _right(context, answer) else "wrong"] += 1
    return found


def _right(context: Context, answer: Answer) -> bool:
    return judge(context, answer, schemas_of(context.sample.tools)).right


def test_every_answer_is_right_or_a_share_that_follows_from_the_seed(dataset: Path) -> None:
    assert verdicts(KnownAnswers(dataset, 1.0, 0)) == {"right": COUNT}
    assert verdicts(KnownAnswers(dataset, 0.0, 0)) == {"wrong": COUNT}
    some = verdicts(KnownAnswers(dataset, 0.7, 0))
    assert some == verdicts(KnownAnswers(dataset, 0.7, 0)) and 120 < some["right"] < 160
    assert some != verdicts(KnownAnswers(dataset, 0.7, 3))


def test_what_is_not_known_is_answered_like_everything_else(dataset: Path) -> None:
    known = KnownAnswers(dataset, 1.0, 0)
    assert known.generation_for(orjson.dumps({"messages": [user("Hm.")], "tools": [SEND]})) is None
    assert known.generation_for(orjson.dumps({"messages": [user("Write to 1.")]})) is None
    assert known.generation_for(orjson.dumps({"messages": 3, "tools": 4})) is None


def test_answers_that_cannot_be_read_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('\n{"messages": 3}\n', "utf-8")
    with pytest.raises(ConfigError, match="bad.jsonl:2"):
        KnownAnswers(tmp_path / "bad.jsonl", 1.0, 0)
    with pytest.raises(ConfigError, match="cannot read"):
        KnownAnswers(tmp_path / "nowhere.jsonl", 1.0, 0)
    with pytest.raises(ConfigError, match="right"):
        SimConfig(right=1.5)
    config = SimConfig(answers="data.jsonl", right=0.25)
    assert from_flags(to_flags(config)) == config


@pytest.mark.parametrize("stream", ["never", "always"])
async def test_an_evaluation_on_it_by_the_command_line(dataset: Path, tmp_path: Path, stream: str) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(f"pool: {{stream: {stream}}}\n", "utf-8")
    prices = tmp_path / "prices.yaml"
    prices.write_text("funcdex-sim: {prompt: 1, completion: 2}\n", "utf-8")
    async with simulated_processes(1, SimConfig(step_ms=0.0, answers=str(dataset), right=1.0)) as (one,):
        words = ("eval", dataset, "--endpoints", one.url, "--out", tmp_path / "out", "--config", config)
        result = await _run(*words, "--prices", prices, "--json", "-")
    assert result.returncode == 0, result.stderr
    report = orjson.loads(result.stdout)
    assert report["right"] == report["answered"] == COUNT and report["simulated"]
    assert report["scores"]["exact_match"]["value"] == report["scores"]["abstention"]["value"] == 1.0
    used = report["tokens"]["funcdex-sim"]
    assert report["cost"] == pytest.approx((used["prompt"] + 2 * used["completion"]) / 1e6)


async def _run(*words: object) -> Any:
    import anyio.to_thread

    return await anyio.to_thread.run_sync(lambda: run_command(*words))
