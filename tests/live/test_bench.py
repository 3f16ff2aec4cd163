"""`funcdex bench` on a real vLLM and a real llama-server, at tiny sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import run_command

from funcdex.bench.knee import WORTH_KEEPING
from live import servers

REQUESTS = 8
CONCURRENCY = (1, 4, 8)
SHORT = (
    "--requests",
    REQUESTS,
    "--repeats",
    1,
    "--tool-sets",
    2,
    "--max-tokens",
    48,
    "--toolkits",
    "todoist",
)


def bench(tmp_path: Path, urls: str, *more: object) -> dict[str, Any]:
    """The JSON of a finished bench."""
    out, page = tmp_path / "bench.json", tmp_path / "bench.html"
    places = ",".join(map(str, CONCURRENCY))
    result = run_command(
        "bench", "--endpoints", urls, *SHORT, "--concurrency", places, *more, "--json", out, "--html", page,
        timeout_s=900,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert page.read_text("utf-8").count("image/svg+xml") >= 5
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def test_a_real_server_is_measured_with_and_without_grammars(
    tmp_path: Path, any_server: servers.LiveServer
) -> None:
    found = bench(tmp_path, any_server.base_url, "--constraint", "none,markup,names,schema")
    assert [one["kind"] for one in found["endpoints"]] == [any_server.kind]
    assert len(found["rounds"]) == 4 * len(CONCURRENCY)
    for one in found["rounds"]:
        samples = one["samples"]
        assert len(samples) == one["concurrency"] + max(REQUESTS, one["concurrency"])
        for sample in samples:
            assert sample["fault"] is None and 0 < sample["completion_tokens"] <= 48
            # A random model may end an answer before it began.
            if sample["completion_tokens"] > 1:
                assert sample["sent_s"] < sample["first_token_s"] <= sample["last_token_s"]
                assert sample["last_token_s"] <= sample["ended_s"]
            assert sample["valid"] is (None if one["constraint"] == "none" else True)
        assert one["loads"], "the server's own figures are watched"
    summary = found["summary"]
    assert {(tax["constraint"], tax["concurrency"]) for tax in summary["taxes"]} == {
        (level, place) for level in ("markup", "names", "schema") for place in CONCURRENCY
    }
    assert all(tax["throughput"] > 0 for tax in summary["taxes"])
    assert {one["constraint"] for one in summary["compiles"]} == {"names", "schema"}


@pytest.mark.parametrize("constraint", ["none", "schema"])
def test_the_recommended_limits_keep_nearly_all_of_the_throughput_of_both_servers(
    tmp_path: Path, vllm_url: str, llamacpp_url: str, constraint: str
) -> None:
    found = bench(tmp_path, f"{vllm_url},{llamacpp_url}", "--constraint", constraint)
    points = found["summary"]["points"]
    for one in found["summary"]["advice"]:
        rates = {point["concurrency"]: point["by_endpoint"][one["endpoint"]] for point in points}
        best = max(figures["output_tokens_per_s"] for figures in rates.values())
        assert one["best_tokens_per_s"] == best > 0
        assert rates[one["max_in_flight"]]["output_tokens_per_s"] >= WORTH_KEEPING * best
    served = {sample["endpoint"] for one in found["rounds"] for sample in one["samples"]}
    assert served == {vllm_url, llamacpp_url}
