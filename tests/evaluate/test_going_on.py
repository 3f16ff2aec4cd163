"""An evaluation that was broken off goes on, asks nothing twice, and refuses answers to another question."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from rich.console import Console
from running import command, records

from evaluate.talks import AnsweringServer, Said, answering, calls, response, says, talk, user, write_dataset
from funcdex.errors import CheckpointError, ConfigError, EndpointError, NoEndpointAvailable
from funcdex.evaluate.folder import EvalDir
from funcdex.evaluate.journal import AnswerLog, Fault, answer_line, fault_line, read_answers
from funcdex.evaluate.session import EvalOrder, Outcome, carry_out
from funcdex.settings.tree import Settings
from funcdex.types.request import Completion, NativeCall

COUNT = 40


def one(number: int) -> dict[str, Any]:
    return talk(
        f"c{number}",
        user(f"Write to {number}."),
        calls(("SEND", {"to": str(number)})),
        response({"id": number}),
        says("Sent."),
        kind="happy_path",
    )


def right(body: dict[str, Any]) -> Said:
    text = body["messages"][-1]["content"]
    return calls(("SEND", {"to": text.removeprefix("Write to ").rstrip(".")}))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data.jsonl", [one(number) for number in range(COUNT)])


def order(folder: Path, dataset: Path, *urls: str, limit: int | None = None, **settings: Any) -> EvalOrder:
    pool = {"backoff_base_s": 0.01, "backoff_max_s": 0.1, "open_for_s": 0.1, "give_up_after_s": 0.5}
    tree = Settings.model_validate({"endpoints": list(urls), "pool": pool, **settings})
    return EvalOrder(EvalDir(folder), dataset, tree, limit)


async def evaluated(asked: EvalOrder) -> Outcome:
    return await carry_out(asked, Console(file=io.StringIO()))


def asked_texts(*servers: AnsweringServer) -> list[str]:
    return sorted(body["messages"][-1]["content"] for server in servers for body in server.asked)


def started(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def test_what_is_answered_is_not_asked_again(tmp_path: Path, dataset: Path) -> None:
    out = tmp_path / "out"
    async with answering(right) as server:
        first = await evaluated(order(out, dataset, server.url, limit=None))
        kept = (out / "answers.jsonl").read_bytes()
        lines = kept.splitlines(keepends=True)
        # Broken off: some answers are there, the last one in half.
        (out / "answers.jsonl").write_bytes(b"".join(lines[:17]) + lines[17][:50])
        server.asked.clear()
        second = await evaluated(order(out, dataset, server.url))
        assert len(server.asked) == COUNT - 17
        server.asked.clear()
        third = await evaluated(order(out, dataset))
        assert server.asked == [], "a finished one is scored without an endpoint"
    for outcome in (first, second, third):
        assert outcome.whole and outcome.report["right"] == COUNT
        assert outcome.report["scores"] == first.report["scores"]


@pytest.mark.parametrize("after", [1, 9, 23])
async def test_a_killed_evaluation_goes_on_and_asks_nothing_twice(
    tmp_path: Path, dataset: Path, after: int
) -> None:
    answered, halt = 0, anyio.Event()

    def counted(body: dict[str, Any]) -> Said:
        nonlocal answered
        answered += 1
        if answered == after:
            halt.set()
        return right(body)

    out = tmp_path / "out"
    async with answering(counted) as server:
        words = command("eval", dataset, "--endpoints", server.url, "--out", out, "--max-in-flight", 1)
        process = started(words)
        with anyio.fail_after(120):
            await halt.wait()
        os.kill(process.pid, signal.SIGKILL)
        await anyio.to_thread.run_sync(process.communicate)
        durable = len(read_answers(out / "answers.jsonl"))
        before = len(server.asked)
        outcome = await evaluated(order(out, dataset, server.url))
    assert outcome.whole and outcome.report["right"] == COUNT
    assert len(server.asked) - before == COUNT - durable
    assert len(records(out / "answers.jsonl")) == COUNT, "each context has one answer"


async def test_an_interrupted_evaluation_finishes_what_is_in_flight_and_says_so(
    tmp_path: Path, dataset: Path
) -> None:
    seen = anyio.Event()

    def noticed(body: dict[str, Any]) -> Said:
        seen.set()
        return right(body)

    out = tmp_path / "out"
    async with answering(noticed) as server:
        words = command("eval", dataset, "--endpoints", server.url, "--out", out, "--max-in-flight", 1)
        process = started(words)
        with anyio.fail_after(120):
            await seen.wait()
        process.send_signal(signal.SIGINT)
        said = await anyio.to_thread.run_sync(process.communicate)
        assert process.returncode in (130, 0), said
        if process.returncode == 130:
            assert "the same command goes on" in said[1] and "resume" not in said[1]
        outcome = await evaluated(order(out, dataset, server.url))
    assert outcome.whole and asked_texts(server) == sorted(f"Write to {n}." for n in range(COUNT))


async def test_an_endpoint_that_goes_away_ends_it_with_what_there_is(tmp_path: Path, dataset: Path) -> None:
    out = tmp_path / "out"
    async with answering(right) as server:
        few = await evaluated(order(out, dataset, server.url))
    lines = (out / "answers.jsonl").read_bytes().splitlines(keepends=True)
    (out / "answers.jsonl").write_bytes(b"".join(lines[:5]))
    with pytest.raises(NoEndpointAvailable):
        await evaluated(order(out, dataset, "http://127.0.0.1:9"))
    with pytest.raises(ConfigError, match="no endpoint is named"):
        await evaluated(order(out, dataset))
    assert few.whole and len(read_answers(out / "answers.jsonl")) == 5


async def test_answers_to_another_question_are_refused(tmp_path: Path, dataset: Path) -> None:
    out = tmp_path / "out"
    async with answering(right) as server:
        await evaluated(order(out, dataset, server.url))
        with pytest.raises(CheckpointError, match="temperature"):
            await evaluated(order(out, dataset, server.url, sampling={"evaluation": {"temperature": 1.0}}))
        with pytest.raises(CheckpointError, match="model"):
            await evaluated(order(out, dataset, server.url, model="model-a"))
        write_dataset(dataset, [one(7)])
        with pytest.raises(CheckpointError, match="digest"):
            await evaluated(order(out, dataset, server.url))


async def test_only_the_first_conversations_on_request(tmp_path: Path, dataset: Path) -> None:
    async with answering(right) as server:
        outcome = await evaluated(order(tmp_path / "out", dataset, server.url, limit=3))
        assert outcome.report["contexts"]["all"] == 3
        assert asked_texts(server) == [f"Write to {number}." for number in range(3)]
        more = await evaluated(order(tmp_path / "out", dataset, server.url, limit=5))
    assert more.report["contexts"]["all"] == 5 == len(server.asked), "two more, and three are kept"


async def test_lines_that_cannot_be_read_are_left_out_and_named(tmp_path: Path, dataset: Path) -> None:
    with dataset.open("a", encoding="utf-8") as file:
        file.write('not JSON\n{"messages": 3}\n')
    async with answering(right) as server:
        outcome = await evaluated(order(tmp_path / "out", dataset, server.url))
    assert outcome.report["left_out"]["lines"] == 2 and outcome.report["answered"] == COUNT
    assert outcome.damages.named[0].startswith(f"line {COUNT + 1}: not JSON")


def completion(text: str, *made: tuple[str, str]) -> Completion:
    native = tuple(NativeCall(*call) for call in made)
    return Completion(text, "stop", "http://one", "m", 10, 2, 1, True, 0.5, calls=native)


async def test_the_journal_gives_back_what_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    log = AnswerLog(path)
    odd = "a\ud800\u2028\x00"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.write_until_closed)
        await log.put(answer_line("1.1", completion(odd, ("SEND", '{"a": 1}'))))
        await log.put(fault_line("1.3", EndpointError("no", where="there", fix="Ask.")))
        await log.put(answer_line("1.1", completion("newer")))
        log.close()
    path.write_bytes(path.read_bytes() + b'{"key": 3}\n{"key": "1.9", "text": "a"}\nrubbish\n[]\n')
    found = read_answers(path)
    assert set(found) == {"1.1", "1.3"}
    assert found["1.3"] == Fault("endpoint", "no (there). Ask.")
    newer = found["1.1"]
    assert not isinstance(newer, Fault) and (newer.text, newer.prompt_tokens, newer.simulated) == (
        "newer", 10, True,
    )  # fmt: skip


async def test_a_disk_that_takes_no_more_ends_the_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AnswerLog(tmp_path / "answers.jsonl")

    def full(lines: bytes) -> None:
        raise CheckpointError("writing the answers failed: no space", where="here", fix="Make room.")

    monkeypatch.setattr(log, "_append", full)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.write_until_closed)
        await log.put(b"{}\n")
        await anyio.wait_all_tasks_blocked()
        while log.fault is None:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(CheckpointError, match="no space"):
            await log.put(b"{}\n")
        log.close()
