"""What a client sees of each fault."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import pytest

from funcdex.sim.config import SimConfig
from funcdex.sim.faults import Fault, FaultKind
from funcdex.sim.server import running_server

_HELLO = {"messages": [{"role": "user", "content": "Hello there."}], "ignore_eos": True, "max_tokens": 400}
_CHAT = "/v1/chat/completions"
_BOTH = pytest.mark.parametrize("stream", [False, True])


@asynccontextmanager
async def _faulty(*faults: Fault, **settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    config = SimConfig(step_ms=0.0, prefill_tokens_per_s=1e9, faults=faults, **settings)
    async with running_server(config) as url, aiohttp.ClientSession(url) as session:
        with anyio.fail_after(20):
            yield session


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limited", 429), ("unavailable", 503), ("server_error", 500)]
)
async def test_refusals_come_with_their_status(kind: FaultKind, status: int) -> None:
    async with _faulty(Fault(kind, retry_after_s=7)) as session, session.post(_CHAT, json=_HELLO) as response:
        error = (await response.json())["error"]
    assert (response.status, error["code"]) == (status, status)
    assert response.headers.get("Retry-After") == (None if status == 500 else "7")


@_BOTH
async def test_a_refused_connection_breaks_without_an_answer(stream: bool) -> None:
    async with _faulty(Fault("refuse", count=1)) as session:
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await session.post(_CHAT, json=_HELLO | {"stream": stream})
        async with session.post(_CHAT, json=_HELLO | {"stream": stream}) as response:
            assert response.status == 200


@_BOTH
async def test_a_reset_breaks_in_the_middle_of_the_body(stream: bool) -> None:
    async with _faulty(Fault("reset")) as session:
        async with session.post(_CHAT, json=_HELLO | {"stream": stream}) as response:
            assert response.status == 200
            with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
                await response.read()


async def test_a_truncated_body_ends_in_mid_json() -> None:
    async with _faulty(Fault("truncate")) as session, session.post(_CHAT, json=_HELLO) as response:
        body = await response.text()
    assert response.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_truncated_stream_ends_without_its_last_event() -> None:
    async with _faulty(Fault("truncate")) as session:
        async with session.post(_CHAT, json=_HELLO | {"stream": True}) as response:
            body = await response.text()
    assert body.startswith("data: {") and body.endswith("\n\n")
    assert "[DONE]" not in body and '"finish_reason":"length"' not in body


async def test_wrong_json_comes_with_status_200() -> None:
    async with _faulty(Fault("not_json")) as session, session.post(_CHAT, json=_HELLO) as response:
        body = await response.text()
    assert (response.status, response.content_type) == (200, "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_stall_sends_not_even_headers() -> None:
    async with _faulty(Fault("stall", count=1)) as session:
        with anyio.move_on_after(0.1) as stalled:
            await session.post(_CHAT, json=_HELLO)
        assert stalled.cancelled_caught
        async with session.post(_CHAT, json=_HELLO) as response:
            assert response.status == 200


@_BOTH
async def test_a_stall_in_the_body_comes_after_its_first_half(stream: bool) -> None:
    async with _faulty(Fault("stall_in_body")) as session:
        async with session.post(_CHAT, json=_HELLO | {"stream": stream}) as response:
            first = await response.content.readany()
            with anyio.move_on_after(0.1) as stalled:
                await response.read()
    assert first and stalled.cancelled_caught


async def test_a_stall_ends_when_its_time_is_up() -> None:
    async with _faulty(Fault("stall"), stall_s=0.0) as session:
        async with session.post(_CHAT, json=_HELLO) as response:
            assert response.status == 500


async def test_the_grammar_is_ignored() -> None:
    body = _HELLO | {"structured_outputs": {"grammar": 'start: "x"'}}
    texts = []
    async with _faulty(Fault("ignore_grammar", count=1)) as session:
        for _ in range(2):
            async with session.post(_CHAT, json=body) as response:
                texts.append((await response.json())["choices"][0]["message"]["content"])
    assert len(texts[0]) > 40
    assert texts[1] == "x"


async def test_faults_can_be_set_while_it_runs_if_that_is_allowed() -> None:
    async with _faulty(admin=True) as session:
        async with session.post("/sim/faults", json=["server_error,count=1"]) as response:
            assert await response.json() == ["server_error,count=1.0"]
        statuses = [(await session.post(_CHAT, json=_HELLO)).status for _ in range(2)]
        assert statuses == [500, 200]
        for wrong in (["explode"], {"kind": "reset"}):
            async with session.post("/sim/faults", json=wrong) as response:
                assert response.status == 400


async def test_faults_cannot_be_set_otherwise() -> None:
    async with _faulty() as session, session.post("/sim/faults", json=[]) as response:
        assert response.status == 404
