"""The simulated endpoint over real sockets: vLLM's routes and shapes, slots, dropped connections."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest

from funcdex.errors import ConfigError
from funcdex.sim.config import SimConfig
from funcdex.sim.server import running_server, serve

_HELLO = {"messages": [{"role": "user", "content": "Hello there."}]}
_CHAT = "/v1/chat/completions"


@asynccontextmanager
async def _client(**settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    config = SimConfig(**{"step_ms": 0.0, "prefill_tokens_per_s": 1e9, **settings})
    async with running_server(config) as url, aiohttp.ClientSession(url) as session:
        with anyio.fail_after(20):
            yield session


async def _metric(session: aiohttp.ClientSession, name: str) -> float:
    async with session.get("/metrics") as response:
        line = next(line for line in (await response.text()).splitlines() if line.startswith(name + "{"))
        return float(line.rsplit(" ", 1)[1])


async def _reaches(session: aiohttp.ClientSession, name: str, value: float) -> None:
    while await _metric(session, name) != value:
        await anyio.lowlevel.checkpoint()


async def test_it_presents_itself_as_vllm_and_as_simulated() -> None:
    async with _client(max_model_len=4096) as session:
        async with session.get("/health") as response:
            assert response.status == 200
        async with session.get("/version") as response:
            assert await response.json() == {"version": "0.32.0+sim"}
        async with session.get("/v1/models") as response:
            (model,) = (await response.json())["data"]
        assert (model["id"], model["owned_by"], model["max_model_len"]) == (
            "funcdex-sim",
            "funcdex-sim",
            4096,
        )


async def test_a_chat_is_answered_and_marked() -> None:
    async with _client() as session, session.post(_CHAT, json=_HELLO | {"model": "any"}) as response:
        body = await response.json()
    assert (response.status, body["model"], body["system_fingerprint"]) == (200, "funcdex-sim", "funcdex-sim")
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "stop" and choice["message"]["role"] == "assistant"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 10


async def _streamed(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> list[Any]:
    async with session.post(path, json=body | {"stream": True}) as response:
        assert response.content_type == "text/event-stream"
        events = (await response.text()).strip().split("\n\n")
    assert events[-1] == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]


@pytest.mark.parametrize("step_ms", [0.0, 0.05])
async def test_a_stream_adds_up_to_the_answer_that_is_not_streamed(step_ms: float) -> None:
    async with _client(step_ms=step_ms) as session:
        async with session.post(_CHAT, json=_HELLO) as response:
            whole = await response.json()
        chunks = await _streamed(session, _CHAT, _HELLO | {"stream_options": {"include_usage": True}})
    *tokens, end, usage = chunks
    text = "".join(chunk["choices"][0]["delta"]["content"] for chunk in tokens)
    assert text == whole["choices"][0]["message"]["content"]
    assert tokens[0]["choices"][0]["delta"]["role"] == "assistant"
    assert end["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]) == ([], whole["usage"])
    assert len(tokens) == whole["usage"]["completion_tokens"] + 1
    assert {chunk["id"] for chunk in chunks} == {whole["id"]}


async def test_plain_completions_are_there_too() -> None:
    body = {"prompt": "Hello there.", "max_tokens": 30}
    async with _client() as session:
        async with session.post("/v1/completions", json=body) as response:
            whole = await response.json()
        chunks = await _streamed(session, "/v1/completions", body)
    assert whole["object"] == "text_completion" and whole["choices"][0]["finish_reason"] == "length"
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == whole["choices"][0]["text"]


async def test_ignore_eos_writes_until_max_tokens() -> None:
    body = _HELLO | {"ignore_eos": True, "max_tokens": 700}
    async with _client() as session, session.post(_CHAT, json=body) as response:
        answer = await response.json()
    assert answer["usage"]["completion_tokens"] == 700
    assert answer["choices"][0]["finish_reason"] == "length"


async def test_refusals_have_the_shape_of_vllm() -> None:
    body = _HELLO | {"structured_outputs": {"grammar": "start: unheard_of"}}
    async with _client() as session, session.post(_CHAT, json=body) as response:
        error = (await response.json())["error"]
    assert (response.status, error["type"], error["code"]) == (400, "BadRequestError", 400)
    assert "unheard_of" in error["message"]


async def test_metrics_count_what_was_done() -> None:
    async with _client() as session:
        async with session.post(_CHAT, json=_HELLO) as response:
            usage = (await response.json())["usage"]
        await _reaches(session, "vllm:prompt_tokens_total", usage["prompt_tokens"])
        assert await _metric(session, "vllm:generation_tokens_total") == usage["completion_tokens"]
        assert await _metric(session, "vllm:num_requests_running") == 0
        assert await _metric(session, "vllm:time_to_first_token_seconds_count") == 1


@pytest.mark.parametrize("stream", [True, False])
async def test_a_dropped_connection_frees_its_slot(stream: bool) -> None:
    async with _client(slots=1, step_ms=60_000.0) as session, anyio.create_task_group() as tasks:

        async def ask(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                async with session.post(_CHAT, json=_HELLO | {"seed": number, "stream": stream}) as response:
                    await response.read()

        scopes = [anyio.CancelScope() for _ in range(3)]
        for number, scope in enumerate(scopes):
            tasks.start_soon(ask, number, scope)
        await _reaches(session, "vllm:num_requests_waiting", 2)
        assert await _metric(session, "vllm:num_requests_running") == 1
        assert await _metric(session, "vllm:kv_cache_usage_perc") > 0
        for waiting, scope in zip((1, 0, 0), scopes, strict=True):
            scope.cancel()
            await _reaches(session, "vllm:num_requests_waiting", waiting)
        await _reaches(session, "vllm:num_requests_running", 0)


async def test_time_is_taken_as_configured() -> None:
    body = _HELLO | {"ignore_eos": True, "max_tokens": 20}
    async with _client(step_ms=5.0, prefill_tokens_per_s=100.0) as session:
        started_s = anyio.current_time()
        async with session.post(_CHAT, json=body) as response:
            prompt_tokens = (await response.json())["usage"]["prompt_tokens"]
        took_s = anyio.current_time() - started_s
    assert took_s >= prompt_tokens / 100 + 20 * 0.005


async def test_a_port_that_is_taken_is_named() -> None:
    async with running_server(SimConfig()) as url:
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(ConfigError, match=f"cannot listen: .*127.0.0.1:{port}"):
            async with running_server(SimConfig(port=port)):
                pass


async def test_serve_tells_its_address_and_runs_until_it_is_cancelled() -> None:
    urls: list[str] = []
    ready = anyio.Event()

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, SimConfig(), on_ready)
        await ready.wait()
        async with aiohttp.ClientSession() as session, session.get(urls[0] + "/health") as response:
            assert response.status == 200
        tasks.cancel_scope.cancel()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(urls[0] + "/health")
