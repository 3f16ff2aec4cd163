"""`funcdex bench` as a user runs it, in a process of its own, against servers on real sockets."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from endpoints.scripted_server import ScriptedServer, fails, serving
from running import SMALL, command, run_command

from funcdex.bench.knee import WORTH_KEEPING
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import simulated_processes

FAST = SimConfig(step_ms=0.1, slots=8)
TINY = ("--requests", 8, "--repeats", 1, "--tool-sets", 2, "--toolkits", "todoist", "--max-tokens", 400)


async def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return await anyio.to_thread.run_sync(run_command, "bench", *arguments, abandon_on_cancel=True)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


async def test_a_sweep_keeps_every_sample_and_says_which_limit_to_set(tmp_path: Path) -> None:
    out, page, picture = (tmp_path / name for name in ("r.json", "r.html", "r.png"))
    async with simulated_processes(2, FAST) as endpoints:
        urls = [endpoint.url for endpoint in endpoints]
        result = await bench(
            "--endpoints", ",".join(urls), *TINY, "--concurrency", "1,4",
            "--json", out, "--html", page, "--png", picture,
            "--constraint", "schema,none,markup,names", "--ttft-limit-s", 100,
        )  # fmt: skip
        again = await bench("--from", out, "--against", out, "--json", "-")
    assert result.returncode == 0, result.stderr
    found = read(out)
    rounds = {(one["constraint"], one["concurrency"]): one["samples"] for one in found["rounds"]}
    assert len(rounds) == len(found["rounds"]) == 8
    for (constraint, concurrency), samples in rounds.items():
        # As many as are in flight to warm up, then those that are measured.
        assert len(samples) == 2 * concurrency + 8
        assert {one["endpoint"] for one in samples} <= set(urls)
        assert all(one["fault"] is None and one["completion_tokens"] for one in samples)
        assert {one["valid"] for one in samples} == {None if constraint == "none" else True}
        assert not any(one["first_use"] for one in samples), "the warm-up knows every grammar"
    assert {one["constraint"] for one in found["first_uses"]} == {"names", "schema"}
    summary = found["summary"]
    assert summary["deciding"] == "schema" and {one["endpoint"] for one in summary["advice"]} == set(urls)
    for one in summary["advice"]:
        assert one["tokens_per_s"] >= WORTH_KEEPING * one["best_tokens_per_s"] > 0
    assert {tax["constraint"] for tax in summary["taxes"]} == {"markup", "names", "schema"}
    assert summary["projection"]["conversations_per_gpu_hour"] > 0
    for text in ("grammar tax", "max_in_flight for", "first use of a grammar", "assumes"):
        assert text in result.stdout
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert {one["verdict"] for one in json.loads(again.stdout)["comparison"]["changes"]} == {"the same"}


async def test_a_sweep_left_to_itself_ends_where_more_gains_nothing(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    async with simulated_processes(1, SimConfig(step_ms=2.0, slots=2)) as (endpoint,):
        asked = ("--endpoints", endpoint.url, *TINY, "--constraint", "none", "--json", out)
        result = await bench(*asked, "--max-tokens", 60)
    assert result.returncode == 0, result.stderr
    found = read(out)
    measured = [one["concurrency"] for one in found["rounds"]]
    assert measured[:3] == [1, 2, 4] and measured[-1] <= 16
    waiting = {one["concurrency"]: one["waiting"] for one in found["summary"]["points"]}
    assert waiting[1] == 0


async def test_any_server_will_do_without_a_grammar(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    server = ScriptedServer(kind="unknown", enforces=False, metrics=False, probed=fails(400, "no grammar"))
    async with serving(server):
        asked = ("--endpoints", server.url, *TINY, "--concurrency", "2", "--json", out)
        result = await bench(*asked, "--constraint", "none")
        refused = await bench(*asked, "--constraint", "none,schema")
    assert result.returncode == 0, result.stderr
    assert len(read(out)["rounds"][0]["samples"]) == 10
    assert not any("structured_outputs" in one.body for one in server.received)
    assert "did not stream" in result.stdout
    assert refused.returncode == 4 and "no endpoint can be used" in refused.stderr


async def test_an_endpoint_that_is_of_no_use_is_left_out_and_named(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    async with simulated_processes(1, FAST) as (endpoint,):
        asked = ("--endpoints", f"{endpoint.url},http://127.0.0.1:9", *TINY, "--concurrency", "2")
        result = await bench(*asked, "--constraint", "none", "--json", out)
    assert result.returncode == 0, result.stderr
    assert [one["url"] for one in read(out)["endpoints"]] == [endpoint.url]
    assert "left out: http://127.0.0.1:9" in result.stdout


async def test_an_endpoint_that_answers_nothing_is_left_out_and_the_other_measured(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    good, bad = ScriptedServer(), ScriptedServer()
    bad.script.extend([fails(400, "I refuse")] * 50)
    async with serving(good, bad):
        asked = ("--endpoints", f"{bad.url},{good.url}", *TINY, "--concurrency", "2", "--json", out)
        result = await bench(*asked, "--constraint", "none")
    assert result.returncode == 0, result.stderr
    found = read(out)
    assert [one["url"] for one in found["endpoints"]] == [good.url]
    assert {one["endpoint"] for one in found["rounds"][0]["samples"]} == {good.url}
    assert f"left out: {bad.url}" in result.stdout and "I refuse" in result.stdout


async def test_requests_that_fail_are_counted_and_told(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    faulty = SimConfig(step_ms=0.1, faults=(parse_fault("503,probability=0.3"),))
    async with simulated_processes(1, faulty) as (endpoint,):
        asked = ("--endpoints", endpoint.url, *TINY, "--concurrency", "4", "--constraint", "none")
        result = await bench(*asked, "--requests", 24, "--json", out)
    assert result.returncode == 0, result.stderr
    samples = read(out)["rounds"][0]["samples"]
    failed = [one for one in samples if one["fault"]]
    assert {one["fault"] for one in failed} == {"overloaded"} and len(samples) == 28
    assert f"{len(failed)} of 28 requests failed" in result.stdout


async def test_a_server_that_answers_nothing_ends_it_with_4() -> None:
    server = ScriptedServer(models=("a",), kind="vllm")
    server.script.extend([fails(400, "I refuse")] * 50)
    async with serving(server):
        asked = ("--endpoints", server.url, *TINY, "--concurrency", "2", "--constraint", "none")
        result = await bench(*asked)
    assert result.returncode == 4
    assert "I refuse" in result.stderr and "Traceback" not in result.stderr


async def test_prompts_tools_and_settings_of_a_run_can_be_taken(tmp_path: Path) -> None:
    run, out, config = tmp_path / "run", tmp_path / "r.json", tmp_path / "c.yaml"
    config.write_text(SMALL, "utf-8")
    async with simulated_processes(1, FAST) as (endpoint,):
        made = ("generate", config, "--endpoints", endpoint.url, "--run", run, "--toolkits", "todoist")
        await anyio.to_thread.run_sync(run_command, *made, "--count", 3)
        asked = ("--endpoints", endpoint.url, "--run", run, "--requests", 4, "--repeats", 2)
        result = await bench(*asked, "--concurrency", "2", "--json", out)
    assert result.returncode == 0, result.stderr
    found = read(out)
    assert found["setup"]["source"] == f"run {run}" and found["setup"]["tool_sets"] <= 3
    assert "3 conversations of" in found["setup"]["assumptions"]["source"]
    assert {one["valid"] for one in found["rounds"][1]["samples"]} == {True}
    assert [one["constraint"] for one in found["rounds"]] == ["none", "schema", "schema", "none"]


async def test_an_interrupt_keeps_what_was_measured(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    async with simulated_processes(1, SimConfig(step_ms=20.0)) as (endpoint,):
        asked = ("--endpoints", endpoint.url, *TINY, "--concurrency", ",".join(map(str, range(1, 41))))
        # Forty rounds of a second and more: a first one is soon over, and all are not.
        few = ("--constraint", "none", "--requests", 4, "--max-tokens", 60)
        started = command("bench", *asked, *few, "--json", out)
        process = await anyio.open_process(started, stdout=subprocess.DEVNULL)
        assert process.stderr is not None
        said = ""
        with anyio.fail_after(180):
            while "requests measured" not in said:
                said += (await process.stderr.receive()).decode()
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(120):
            async for more in process.stderr:
                said += more.decode()
            assert await process.wait() == 130
    assert "Traceback" not in said and "broken off" in said
    assert 1 <= len(read(out)["rounds"]) < 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--constraint", "hard"), "no constraint is called 'hard'"),
        (("--concurrency", "0,4"), "no list of concurrencies"),
        (("--concurrency", "many"), "no list of concurrencies"),
        (("--against", "missing.json"), "missing.json"),
        (("--from", "missing.json"), "missing.json"),
        (("--run", "missing"), "missing"),
        (("--json", "no/such/folder.json"), "no/such/folder.json"),
        (("--html", "."), "no file can be written there"),
        ((), "no endpoint is named"),
    ],
)
def test_wrong_use_is_one_message(arguments: tuple[str, ...], message: str) -> None:
    result = run_command("bench", *arguments)
    assert result.returncode == 2
    assert message in result.stderr and "Traceback" not in result.stderr
