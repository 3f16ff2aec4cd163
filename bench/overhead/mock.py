"""A server that answers every chat completion after 20 ms, and counts: requests served, most in flight.

    python -m overhead.mock 0.02 0

prints its port; the arguments are those of `mock_server`. It has one fixed answer, streamed on request; to
whoever asks for the model `pipeline` it plays a model that answers each stage of a run (`script.py`), to
whoever brings tools one that calls them (`evaluated/talks.py`).
`GET /counts` tells what was counted since the last time, and begins anew.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluated.talks import answer_of, number_in
from overhead.asked import ANSWER
from overhead.script import Script

SERVICE_S = 0.02
STREAMED_TOKENS = 100
PIPELINE_MODEL = "pipeline"


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests that were answered, and how many were there at once."""

    served: int
    most_in_flight: int


@dataclass(frozen=True, slots=True)
class Mock:
    """A running mock server."""

    url: str

    def counts(self) -> Counts:
        """Since the last call."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=10) as answer:
            return Counts(**json.load(answer))


@contextmanager
def mock_server(service_s: float = SERVICE_S, spread: float = 0.0) -> Iterator[Mock]:
    """A mock in a process of its own; it takes `service_s` for an answer, or by `spread` of that less or
    more."""
    command = [sys.executable, "-m", "overhead.mock", str(service_s), str(spread)]
    folder = Path(__file__).resolve().parents[1]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert server.stdout is not None
    try:
        yield Mock(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.terminate()
        server.wait()


def completion(text: str) -> bytes:
    """The body of an answer."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 250, "completion_tokens": 100, "total_tokens": 350}
    head = {"id": "mock", "object": "chat.completion", "created": 0, "model": "mock"}
    return json.dumps(head | {"choices": [choice], "usage": usage}).encode()


def called(number: int) -> bytes:
    """The body of an answer that calls a tool."""
    name, arguments = answer_of(number)
    function = {"name": name, "arguments": json.dumps(arguments)}
    calls = [{"id": f"call_{number}", "type": "function", "function": function}]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    usage = {"prompt_tokens": 2500, "completion_tokens": 40, "total_tokens": 2540}
    head = {"id": "mock", "object": "chat.completion", "created": 0, "model": "mock"}
    return json.dumps(head | {"choices": [choice], "usage": usage}).encode()


def events(text: str) -> list[bytes]:
    """The same as a stream of STREAMED_TOKENS tokens, each an event as vLLM writes it."""
    size = -(-len(text) // STREAMED_TOKENS)
    deltas = [{"content": text[start : start + size]} for start in range(0, len(text), size)]
    ends = [None] * (len(deltas) - 1) + ["stop"]
    choices = [
        {"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}
        for delta, end in zip(deltas, ends, strict=True)
    ]
    head = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 0, "model": "mock"}
    chunks = [head | {"choices": [choice]} for choice in choices]
    usage = {"prompt_tokens": 250, "completion_tokens": STREAMED_TOKENS}
    whole = [*chunks, head | {"choices": [], "usage": usage}]
    return [*(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in whole), b"data: [DONE]\n\n"]


async def serve(service_s: float, spread: float) -> None:
    """Serves until it is killed."""
    from aiohttp import web

    fixed, streamed, script = completion(ANSWER), events(ANSWER), Script()
    of_pipeline = f'"model":"{PIPELINE_MODEL}"'.encode()
    served = in_flight = most = 0
    rng = random.Random(0)

    async def chat(request: web.Request) -> web.StreamResponse:
        nonlocal served, in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        try:
            asked = await request.read()
            if b'"stream":true' in asked:
                served += 1
                return await stream(request)
            await asyncio.sleep(service_s * rng.uniform(1 - spread, 1 + spread))
            number = number_in(asked) if b'"tool_choice"' in asked else None
            if number is not None:
                body = called(number)
            else:
                body = completion(script.answer(asked)) if of_pipeline in asked else fixed
            served += 1
        finally:
            in_flight -= 1
        return web.Response(body=body, content_type="application/json")

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in streamed:
            await response.write(event)
            await asyncio.sleep(service_s / len(streamed))
        return response

    async def counts(request: web.Request) -> web.Response:
        nonlocal served, most
        told = {"served": served, "most_in_flight": most}
        served, most = 0, in_flight
        return web.json_response(told)

    async def models(request: web.Request) -> web.Response:
        listed = [
            {"id": name, "object": "model", "max_model_len": 65_536} for name in ("mock", PIPELINE_MODEL)
        ]
        return web.json_response({"object": "list", "data": listed})

    async def version(request: web.Request) -> web.Response:
        return web.json_response({"version": "0.12.0"})

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/counts", counts)
    app.router.add_get("/v1/models", models)
    app.router.add_get("/version", version)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(*map(float, sys.argv[1:])))
