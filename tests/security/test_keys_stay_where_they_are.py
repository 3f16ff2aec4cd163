"""A key goes into one header and nowhere else, whatever the server does with it and the user does wrong."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import anyio.to_thread
import pytest
from aiohttp import web
from endpoints.scripted_server import Play, ScriptedServer, chat_answer, fails, serving
from running import SMALL, command

KEY = "sk-canary-0815-4711"
PASSWORD = "hunter2-canary"


def run(folder: Path, *arguments: object, **variables: str) -> str:
    """All that a command says, and must not: no key, and no part of a password."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "MY_KEY": KEY}
    result = subprocess.run(
        command("--debug", *arguments), capture_output=True, text=True, timeout=200, check=False, cwd=folder,
        env=environment | variables,
    )  # fmt: skip
    said = result.stdout + result.stderr
    assert "bug in funcdex" not in said, said
    for secret in (KEY, PASSWORD, "canary"):
        assert secret not in said
        assert [
            path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
        ] == []
    return said


def echo(status: int) -> Play:
    """An error that sends all headers back, as proxies for debugging do."""

    async def play(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": str(dict(request.headers))}}, status=status)

    return play


async def says_the_key(request: web.Request) -> web.StreamResponse:
    return web.json_response(chat_answer(f"You sent {request.headers['Authorization']}."))


async def streams_the_key(request: web.Request) -> web.StreamResponse:
    event = {"error": {"message": request.headers["Authorization"]}}
    return web.Response(body=f"data: {json.dumps(event)}\n\n".encode(), content_type="text/event-stream")


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_doctor_shows_no_key_that_a_server_repeats(tmp_path: Path, status: int) -> None:
    listing, probed = ScriptedServer(listing=echo(status)), ScriptedServer(probed=echo(status))
    async with serving(listing, probed):
        urls = f"{listing.url};api_key_env=MY_KEY,{probed.url};api_key_env=MY_KEY"
        for more in ((), ("--json", tmp_path / "doctor.json")):
            said = await anyio.to_thread.run_sync(run, tmp_path, "doctor", "--endpoints", urls, *more)
    assert "***" in said + (tmp_path / "doctor.json").read_text("utf-8")


async def test_a_run_keeps_no_key_that_a_server_repeats(tmp_path: Path) -> None:
    server = ScriptedServer()
    for play in (echo(400), echo(200), says_the_key, echo(500), echo(401)):
        server.script.append(play)
    (tmp_path / "c.yaml").write_text(SMALL, "utf-8")
    async with serving(server):
        endpoint = f"{server.url};api_key_env=MY_KEY"
        arguments = ("generate", "c.yaml", "--toolkits", "todoist", "--endpoints", endpoint, "--count", 2)
        await anyio.to_thread.run_sync(run, tmp_path, *arguments, "--run", "run")
    assert "***" in (tmp_path / "run" / "log.jsonl").read_text("utf-8")


async def test_a_benchmark_keeps_no_key_that_a_server_repeats(tmp_path: Path) -> None:
    server = ScriptedServer()
    for play in (echo(400), echo(200), says_the_key, streams_the_key, echo(500)):
        server.script.append(play)
    async with serving(server):
        arguments = ("bench", "--endpoints", f"{server.url};api_key_env=MY_KEY", "--toolkits", "todoist")
        short = ("--constraint", "none", "--requests", 8, "--concurrency", 1)
        files = ("--json", "bench.json", "--html", "bench.html")
        await anyio.to_thread.run_sync(run, tmp_path, *arguments, *short, *files)
    assert (tmp_path / "bench.html").is_file() and (tmp_path / "bench.json").is_file()


@pytest.mark.parametrize(
    "endpoint",
    [
        f"http://me:{PASSWORD}@127.0.0.1:9",
        f"http://{KEY}@127.0.0.1:9",
        f"http://me:a/{PASSWORD}@127.0.0.1:9",
        f"http://me:a;{PASSWORD}@127.0.0.1:9",
        f"http://me:{PASSWORD}",
        f"http://me:{PASSWORD}\u2100@127.0.0.1:9",
        f"http://127.0.0.1:9?key={KEY}",
        f"http://127.0.0.1:9#{KEY}",
        f"http://127.0.0.1:9;api_key={KEY}",
        f"http://127.0.0.1:9;{KEY}",
    ],
)
def test_a_secret_in_a_url_is_refused_without_showing_it(tmp_path: Path, endpoint: str) -> None:
    said = run(tmp_path, "generate", "--endpoints", endpoint, "--run", "run", "--count", 1)
    assert "error: " in said and not (tmp_path / "run" / "manifest.json").exists()


@pytest.mark.parametrize(
    "text",
    [
        f'llm_api: {{api_key: "{KEY}, base_url: http://127.0.0.1:9}}\n',
        f"llm_api:\n  api_key: {KEY}\n base_url: x\n",
        f"llm_api: {{api_key: {KEY}, base_url: 'http://me:{PASSWORD}@127.0.0.1:9'}}\n",
        f"endpoints: [{{url: 'http://127.0.0.1:9', api_key: [{KEY}]}}]\n",
        f"endpoints: [{{url: 3, api_key: {KEY}}}]\n",
    ],
)
def test_a_configuration_with_faults_is_refused_without_showing_its_key(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "c.yaml").write_text(text, "utf-8")
    assert "error: " in run(folder, "generate", tmp_path / "c.yaml", "--run", "run", "--count", 1)


@pytest.mark.parametrize(
    "value", ['[{"url": "http://h", "api_key": "%s"', "%s", '[{"url": "x", "api_key": "%s"}]']
)
def test_a_variable_with_faults_is_refused_without_showing_it(tmp_path: Path, value: str) -> None:
    said = run(tmp_path, "generate", "--run", "run", FUNCDEX_ENDPOINTS=value % KEY)
    assert "error: " in said and "ndpoints" in said


def test_a_key_that_no_header_can_carry_is_not_shown(tmp_path: Path) -> None:
    said = run(tmp_path, "doctor", "--endpoints", "http://127.0.0.1:9", FUNCDEX_API_KEY=f"{KEY}\n{KEY}")
    assert "no HTTP header" in said


async def test_a_stand_in_for_a_key_is_a_word_like_any_other(tmp_path: Path) -> None:
    server = ScriptedServer(listing=fails(500, "the queue is EMPTY"))
    async with serving(server):
        arguments = ("doctor", "--endpoints", server.url)
        said = await anyio.to_thread.run_sync(lambda: run(tmp_path, *arguments, FUNCDEX_API_KEY="EMPTY"))
    assert "the queue is EMPTY" in said
