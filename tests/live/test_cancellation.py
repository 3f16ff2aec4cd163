"""A request that is given up ends at the server too, long before it would have ended by itself."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import anyio
import httpx

from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe import probe
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Dialect, Message, Request, Sampling
from live import servers

MAX_TOKENS = 30_000
"""20 s of work for llama.cpp on a free core, minutes for vLLM."""
GIVEN_UP_WITHIN_S = 180.0
"""A server that has just begun to work may leave its /metrics unanswered for a minute on two cores."""
LOOK_TIMEOUT_S = 20.0
# Each look is a task of llama-server's own; one a second would keep it from noticing (see the last test).
LOOK_EVERY_S = 1.5
FIGURES = {
    "vllm": ("vllm:num_requests_running", "vllm:generation_tokens_total"),
    "llamacpp": ("llamacpp:requests_processing", "llamacpp:tokens_predicted_total"),
}


@dataclass(frozen=True)
class Work:
    """What a server says of itself: requests at work, tokens generated since it started."""

    running: int
    tokens: int


class Endless:
    """A grammar without an end that the tiny models would come upon."""

    key = "endless"

    def is_rendered(self, dialect: Dialect) -> bool:
        return True

    def render(self, dialect: Dialect) -> str:
        end = '"\\u3042\\u3044"'
        return f"start: /[a-z ]+/ {end}" if dialect == "lark" else f"root ::= [a-z ]+ {end}"


async def work_at(server: servers.LiveServer) -> Work:
    async with httpx.AsyncClient(trust_env=False, timeout=LOOK_TIMEOUT_S) as client:
        text = (await client.get(f"{server.base_url}/metrics")).text
    running, tokens = (
        sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE))
        for name in FIGURES[server.kind]
    )
    return Work(int(running), int(tokens))


async def until_running(server: servers.LiveServer, count: int) -> Work:
    with anyio.fail_after(GIVEN_UP_WITHIN_S):
        while True:
            with suppress(httpx.TimeoutException):
                work = await work_at(server)
                if work.running == count:
                    return work
            await anyio.sleep(LOOK_EVERY_S)


def endless_body(*, stream: bool) -> bytes:
    asked = {
        "model": servers.MODEL_NAME,
        "messages": [{"role": "user", "content": "Write."}],
        "max_tokens": MAX_TOKENS,
        "ignore_eos": True,
        "stream": stream,
    }
    return json.dumps(asked).encode()


@asynccontextmanager
async def client_of(server: servers.LiveServer) -> AsyncIterator[EndpointClient]:
    async with open_transport() as transport:
        yield EndpointClient(EndpointSpec(url=server.base_url), transport)


async def is_given_up(
    server: servers.LiveServer,
    send: Callable[[], Coroutine[Any, Any, None]],
    begun: Callable[[], Coroutine[Any, Any, object]] | None = None,
) -> None:
    """Sends, cancels as soon as the server is at work, and sees that it stops before it is done.

    `begun` returns then; without it /metrics are asked.
    """
    before = await until_running(server, 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        await (begun() if begun else until_running(server, 1))
        tasks.cancel_scope.cancel()
    after = await until_running(server, 0)
    assert 0 < after.tokens - before.tokens < MAX_TOKENS


async def test_a_whole_answer_that_is_cancelled_ends_at_the_server(any_server: servers.LiveServer) -> None:
    async with client_of(any_server) as client:

        async def send() -> None:
            await client.post("/v1/chat/completions", endless_body(stream=False), timeout_s=600)

        await is_given_up(any_server, send)


async def test_a_stream_that_is_cancelled_ends_at_the_server(any_server: servers.LiveServer) -> None:
    """Cancelled by what arrives: a server that tells of every token may answer no look at its /metrics."""
    async with client_of(any_server) as client:
        told, begun = 0, anyio.Event()

        def take(_: bytes) -> None:
            nonlocal told
            told += 1
            if told == 20:
                begun.set()

        async def send() -> None:
            path = "/v1/chat/completions"
            await client.stream(path, endless_body(stream=True), timeout_s=600, take=take)

        await is_given_up(any_server, send, begun.wait)


async def test_what_is_cancelled_in_the_pool_ends_at_the_server(any_server: servers.LiveServer) -> None:
    async with client_of(any_server) as client:
        candidate = Candidate(client, await probe(client, timeout_s=120, now=time.monotonic))
        async with Pool([candidate], PoolSettings(), watching=False) as pool:

            async def send() -> None:
                sampling = Sampling(max_tokens=MAX_TOKENS, temperature=1.0, seed=1)
                words = (Message("user", "Write."),)
                await pool.generate(
                    Request("c1", "scenario", words, sampling, timeout_s=600, grammar=Endless())
                )

            await is_given_up(any_server, send)


async def test_llama_cpp_does_not_notice_that_a_whole_answer_is_given_up_while_another_is_streamed(
    llamacpp_server: servers.LiveServer,
) -> None:
    """It looks at the connection of a request that is not streamed only once nothing has been told to anybody
    for a second. A streamed one it gives up at the next token, so funcdex asks llama.cpp for streams."""
    async with client_of(llamacpp_server) as client, anyio.create_task_group() as tasks:
        pieces = anyio.Event(), anyio.Event()
        told = 0

        def take(_: bytes) -> None:
            nonlocal told
            told += 1
            pieces[told > 2000].set()

        async def neighbour() -> None:
            path = "/v1/chat/completions"
            await client.stream(path, endless_body(stream=True), timeout_s=600, take=take)

        async def given_up() -> None:
            await client.post("/v1/chat/completions", endless_body(stream=False), timeout_s=600)

        await until_running(llamacpp_server, 0)
        tasks.start_soon(neighbour)
        await pieces[0].wait()
        async with anyio.create_task_group() as doomed:
            doomed.start_soon(given_up)
            await until_running(llamacpp_server, 2)
            doomed.cancel_scope.cancel()
        told = 0
        with anyio.fail_after(GIVEN_UP_WITHIN_S):
            await pieces[1].wait()
        assert (await work_at(llamacpp_server)).running == 2
        tasks.cancel_scope.cancel()
    await until_running(llamacpp_server, 0)
