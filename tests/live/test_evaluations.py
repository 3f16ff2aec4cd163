"""`funcdex eval` of a model without sense, on a real vLLM and a real llama-server: to the end, also after a
kill, with figures of the right shape. The model calls nothing, so what is right is to call nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from evaluate.talks import calls, response, says, talk, user
from running import command, records, run_command, run_until
from viewer.made import full_run

from funcdex.dataset.source import Damages, source_of
from funcdex.evaluate.questions import questions_of
from funcdex.rundir.jsonlines import as_line
from live import servers

CONVERSATIONS = 12
KILLED_AFTER = 7
SHARES = ("exact_match", "string_ratio", "ast_match", "tool_names", "argument_recall")
SORTS = {"call", "abstain", "report"}
FAULTS = ("missed_calls", "hallucinated_tools", "malformed_calls", "cut_off")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Conversations that make sense, and two in which, at some place, no call is right."""
    run = full_run(tmp_path_factory.mktemp("evaluated") / "run", CONVERSATIONS)
    path = run.output("parsed_conversations")
    ask, failed = user("Write to Ada."), response({"error": {"message": "no such address"}})
    refused = talk("abstains", ask, says("I cannot."), kind="missing_tool")
    told = talk("reports", ask, calls(("SEND", {"to": "Ada"})), failed, says("It failed."), kind="tool_error")
    with path.open("ab") as file:
        file.writelines(as_line(one) for one in (refused, told))
    return path


def contexts(dataset: Path) -> list[str]:
    """The key of each place that is asked about."""
    return [one.key for one in questions_of(source_of(dataset), None, Damages())]


def numbers(value: Any) -> Iterator[float]:
    """Every number of a JSON value."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers(one)
    elif isinstance(value, int | float):
        yield value


def test_a_killed_evaluation_of_a_real_server_goes_on_to_the_end(
    tmp_path: Path, dataset: Path, any_server: servers.LiveServer
) -> None:
    out, report_file, prices = (tmp_path / name for name in ("out", "report.json", "prices.yaml"))
    prices.write_text(f"{servers.MODEL_NAME}: {{prompt: 2, completion: 4}}\n", "utf-8")
    words = (
        *("eval", dataset, "--endpoints", any_server.base_url, "--out", out, "--prices", prices),
        *("--max-tokens", 48, "--max-in-flight", 4),
    )
    keys = contexts(dataset)
    assert run_until(command(*words), out / "answers.jsonl", KILLED_AFTER), "it was to be killed in mid-run"
    kept = {one["key"] for one in records_of_whole_lines(out / "answers.jsonl")}
    assert KILLED_AFTER <= len(kept) < len(keys)

    result = run_command(*words, "--json", report_file, timeout_s=300)

    assert result.returncode == 0, result.stderr
    answers = records(out / "answers.jsonl")
    assert sorted(one["key"] for one in answers) == sorted(keys), "each context is answered once"
    report = json.loads(report_file.read_text("utf-8"))
    assert report["whole"] and report["answered"] == len(keys) and not report["unanswered"]
    assert report["right"] < len(keys) / 2 and all(map(math.isfinite, numbers(report)))
    scores = report["scores"]
    assert all(scores[name]["value"] == 0 for name in SHARES)
    assert all(0 <= scores[name]["value"] <= 1 for name in FAULTS)
    found = records(out / "records.jsonl")
    assert all(one["right"] == (one["sort"] != "call") for one in found), "nothing is called"
    assert scores["missed_calls"]["value"] == 1 and {one["sort"] for one in found} == SORTS
    used = report["tokens"][servers.MODEL_NAME]
    assert used["prompt"] > 0 < used["completion"] <= 48 * len(keys)
    assert report["cost"] == pytest.approx((2 * used["prompt"] + 4 * used["completion"]) / 1e6)


def records_of_whole_lines(path: Path) -> list[dict[str, Any]]:
    """All but a last line that a kill may have cut."""
    lines = path.read_bytes().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith(b"\n")]
