"""A server on a real socket that plays vLLM, llama.cpp or something unknown, and fails on request."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import orjson
from aiohttp import web

from funcdex.types.request import Dialect

Play = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What the server does with one chat completion."""


@dataclass(frozen=True)
class Received:
    """One chat completion as it came in."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass
class ScriptedServer:
    """`script` is played once each, in order; afterwards it answers `text`, or what the grammar allows.

    While `gate` is set to an Event, completions wait for it. The probe's completions and the list of models
    have plays of their own. Grammars are read from `grammar_field`, which follows from the kind where it is
    not given; of the dialects, some can be ignored or refused. `ports` are those of the callers.
    """

    kind: Literal["vllm", "llamacpp", "unknown"] = "vllm"
    version: str = "0.32.0"
    grammar_field: str = ""
    models: tuple[str, ...] = ("model-a",)
    text: str = "hello there"
    enforces: bool = True
    ignores: frozenset[Dialect] = frozenset()
    refuses: frozenset[Dialect] = frozenset()
    context_tokens: int = 8192
    slots: int = 4
    health: int = 200
    simulated: bool = False
    metrics: bool = True
    script: deque[Play] = field(default_factory=deque)
    probed: Play | None = None
    listing: Play | None = None
    gate: anyio.Event | None = None
    received: list[Received] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    probes: list[Received] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    broken_off: int = 0
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """On a free port the first time, on the same one again later."""
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/health", self._health)
        app.router.add_get("/version", self._version)
        app.router.add_get("/props", self._props)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        """As a crash: every connection is reset."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=self.health)

    async def _version(self, request: web.Request) -> web.StreamResponse:
        if self.kind != "vllm":
            raise web.HTTPNotFound
        return web.json_response({"version": self.version + ("+sim" if self.simulated else "")})

    async def _props(self, request: web.Request) -> web.StreamResponse:
        if self.kind != "llamacpp":
            raise web.HTTPNotFound
        return web.json_response(
            {
                "total_slots": self.slots,
                "default_generation_settings": {"n_ctx": self.context_tokens},
                "build_info": "b6700-abc",
            }
        )

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        if not self.metrics:
            return web.json_response({"error": {"code": 501, "message": "off"}}, status=501)
        return web.Response(text="# HELP x y\n# TYPE x gauge\nx 1\n")

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if self.listing:
            return await self.listing(request)
        extra = {"max_model_len": self.context_tokens} if self.kind == "vllm" else {}
        return web.json_response({"object": "list", "data": [{"id": model} | extra for model in self.models]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = orjson.loads(await request.read())
        received = Received(dict(request.headers), body)
        if body["messages"][-1]["content"] == "Say hello.":
            self.probes.append(received)
            return await self.probed(request) if self.probed else self._constrained(body)
        self.received.append(received)
        self.ports.append(request.transport.get_extra_info("peername")[1] if request.transport else 0)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._play(request, body)
        except BaseException:
            self.broken_off += 1
            raise
        finally:
            self.in_flight -= 1

    async def _play(self, request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        play = self.script.popleft() if self.script else None
        if self.gate is not None:
            await self.gate.wait()
        if body["model"] not in self.models and self.kind == "vllm":
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        return await play(request) if play else self._constrained(body)

    def _constrained(self, body: Mapping[str, Any]) -> web.Response:
        field = self.grammar_field or ("grammar" if self.kind == "llamacpp" else "structured_outputs")
        dialect, allowed = _constraint(body.get(field))
        if dialect in self.refuses:
            return web.json_response({"error": {"message": f"cannot read {dialect}"}}, status=400)
        enforced = dialect is not None and dialect not in self.ignores and self.enforces
        return web.json_response(chat_answer(allowed if enforced else self.text))


def _constraint(given: Any) -> tuple[Dialect | None, str]:
    """The dialect in a field of the body, and the first string that its grammar names."""
    if isinstance(given, Mapping):
        given = given.get("structural_tag") or given.get("grammar")
    if not isinstance(given, str):
        return None, ""
    if given.startswith("{"):
        return "structural_tag", orjson.loads(given)["format"]["grammar"].split('"')[1]
    dialect: Dialect = "lark" if "::=" not in given else "ebnf" if "(=" in given else "gbnf"
    return dialect, given.split('"')[1]


def chat_answer(content: str | None = "hello there", **message: object) -> dict[str, Any]:
    """The body of a good answer; `message` adds fields to its message."""
    return {
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


def says(body: object) -> Play:
    """200 with this JSON."""

    async def play(request: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    return play


def in_turn(*plays: Play) -> Play:
    """Each once, in order."""
    waiting = deque(plays)

    async def play(request: web.Request) -> web.StreamResponse:
        return await waiting.popleft()(request)

    return play


def says_bytes(body: bytes, status: int = 200, **headers: str) -> Play:
    """These bytes; an underscore in a header's name stands for a dash."""

    async def play(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named, content_type="application/json")

    return play


def fails(status: int, message: str = "no", **headers: str) -> Play:
    """An error as vLLM words it."""
    return says_bytes(orjson.dumps({"error": {"message": message, "code": status}}), status, **headers)


async def resets(request: web.Request) -> web.StreamResponse:
    """Breaks the connection before a word was said."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def truncates(request: web.Request) -> web.StreamResponse:
    """Promises more than it sends, then breaks the connection."""
    response = web.StreamResponse(headers={"content-length": "1000", "content-type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [')
    if request.transport is not None:
        request.transport.close()
    return response


async def stalls(request: web.Request) -> web.StreamResponse:
    """Never answers."""
    await anyio.sleep_forever()
    raise AssertionError


def drips(wait: Callable[[], Awaitable[None]]) -> Play:
    """The headers, then a byte after each wait, and no end."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await wait()

    return play


@asynccontextmanager
async def serving(*servers: ScriptedServer) -> AsyncIterator[None]:
    """Starts servers, and kills those that still run at the end."""
    for server in servers:
        await server.start()
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            for server in servers:
                await server.kill()


async def until(reached: Callable[[], bool]) -> None:
    """Lets everybody else work until a state is reached."""
    with anyio.fail_after(10):
        while not reached():
            await anyio.lowlevel.checkpoint()
