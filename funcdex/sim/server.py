"""The HTTP side of the simulated endpoint: vLLM's routes, and the faults that were asked for."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import orjson
from aiohttp import web

from funcdex.errors import ConfigError
from funcdex.sim import replies
from funcdex.sim.config import SimConfig
from funcdex.sim.constraint import BadRequest
from funcdex.sim.faults import Fault, FaultKind, FaultPlan, parse_fault
from funcdex.sim.generation import Generation, generate
from funcdex.sim.known_answers import KnownAnswers
from funcdex.sim.metrics import Metrics
from funcdex.sim.oddities import ALTERED, INSTEAD, STATUSES
from funcdex.sim.request import CompletionRequest, read_request
from funcdex.sim.scheduler import Pace, Scheduler

_T = TypeVar("_T")
_LARGEST_BODY_BYTES = 64 * 2**20
_JSON = "application/json"
# Streams are written at most so often: tokens that came meanwhile go out together.
_TICK_S = 0.005
_ASK_FOR_TIME = frozenset({"rate_limited", "unavailable"})
_BREAKS_BODY = frozenset({"stall_in_body", "reset", "truncate"})


class SimServer:
    """The state of one simulated endpoint, and its handlers."""

    def __init__(self, config: SimConfig) -> None:
        self._config = config
        self._scheduler = Scheduler(
            slots=config.slots, prefill_tokens_per_s=config.prefill_tokens_per_s, step_ms=config.step_ms
        )
        self._metrics = Metrics()
        self._faults = FaultPlan(config.faults, config.seed)
        self._known = (
            KnownAnswers(Path(config.answers), config.right, config.seed) if config.answers else None
        )
        self._started_s = time.monotonic()
        self._created_s = int(time.time())
        # Sampling holds the interpreter lock: a second thread would only make the first one slower.
        self._worker = anyio.CapacityLimiter(1)

    def app(self) -> web.Application:
        """The application with its routes."""
        app = web.Application(client_max_size=_LARGEST_BODY_BYTES)
        app.router.add_get("/health", self._health)
        app.router.add_get("/version", self._version)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/metrics", self._render_metrics)
        app.router.add_post("/v1/chat/completions", partial(self._complete, chat=True))
        app.router.add_post("/v1/completions", partial(self._complete, chat=False))
        if self._config.admin:
            app.router.add_post("/sim/faults", self._set_faults)
        return app

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _version(self, _: web.Request) -> web.Response:
        return _json(orjson.dumps({"version": replies.VERSION}))

    async def _models(self, _: web.Request) -> web.Response:
        return _json(replies.models_body(self._config.max_model_len, self._created_s))

    async def _render_metrics(self, _: web.Request) -> web.Response:
        capacity_tokens = self._config.slots * self._config.max_model_len
        text = self._metrics.render(self._scheduler.snapshot(), capacity_tokens=capacity_tokens)
        return web.Response(text=text)

    async def _set_faults(self, http: web.Request) -> web.Response:
        """Replaces the rules: the body is a list of them in their written form."""
        try:
            rules = orjson.loads(await http.read())
            if not isinstance(rules, list):
                raise BadRequest("the body is not a list of faults")
            self._faults = FaultPlan([parse_fault(str(rule)) for rule in rules], self._config.seed)
        except (orjson.JSONDecodeError, BadRequest, ConfigError) as error:
            return _json(replies.error_body(400, str(error)), status=400)
        return _json(orjson.dumps([str(rule) for rule in self._faults.rules]))

    async def _complete(self, http: web.Request, *, chat: bool) -> web.StreamResponse:
        arrived_s = anyio.current_time()
        raw = await http.read()
        fault = self._faults.draw(time.monotonic() - self._started_s)
        if fault and (refusal := await self._refusal(http, fault)):
            return refusal
        read = partial(read_request, raw, chat=chat, max_model_len=self._config.max_model_len)
        try:
            request = await self._in_worker(read)
        except BadRequest as error:
            return _json(replies.error_body(400, error.message, error.param), status=400)
        async with self._scheduler.slot(request.prompt_tokens) as pace:
            habits = {"obey": not _is(fault, "ignore_grammar"), "ramble": _is(fault, "ramble")}
            known = self._known.generation_for(raw) if self._known and chat else None
            make = partial(generate, request, seed=self._config.seed, **habits)
            generation = await self._in_worker(make) if known is None else known
            send = self._stream if request.stream else self._send
            response = await send(http, request, generation, pace, fault)
        self._count(request, generation, pace, arrived_s)
        return response

    async def _in_worker(self, work: Callable[[], _T]) -> _T:
        return await anyio.to_thread.run_sync(work, limiter=self._worker)

    def _count(
        self, request: CompletionRequest, generation: Generation, pace: Pace, arrived_s: float
    ) -> None:
        self._metrics.finished(
            generation.finish_reason,
            prompt_tokens=request.prompt_tokens,
            tokens=len(generation.tokens),
            ttft_s=pace.token_at_s(1) - arrived_s,
            total_s=max(pace.token_at_s(len(generation.tokens)), anyio.current_time()) - arrived_s,
        )

    async def _refusal(self, http: web.Request, fault: Fault) -> web.StreamResponse | None:
        """The answer to a request that a fault strikes before it runs; None if it runs."""
        if fault.kind in STATUSES:
            status, said = STATUSES[fault.kind]
            asks = fault.kind in _ASK_FOR_TIME and fault.retry_after_s
            headers = {"Retry-After": f"{fault.retry_after_s:g}"} if asks else {}
            return _json(replies.error_body(status, said), status=status, headers=headers)
        if fault.kind in INSTEAD:
            return await INSTEAD[fault.kind](http)
        match fault.kind:
            case "not_json":
                return _json(b'{"choices": [simulated fault')
            case "refuse":
                _hang_up(http)
                return web.Response()
            case "stall":
                await anyio.sleep(self._config.stall_s)
                return _json(replies.error_body(500, "simulated fault: stall"), status=500)
            case _:
                return None

    async def _send(
        self,
        http: web.Request,
        request: CompletionRequest,
        generation: Generation,
        pace: Pace,
        fault: Fault | None,
    ) -> web.StreamResponse:
        body = replies.whole_body(request, generation, int(time.time()))
        await pace.wait_for(len(generation.tokens))
        if fault and fault.kind in ALTERED:
            return _json(ALTERED[fault.kind](body))
        if fault and fault.kind == "hang_up":
            return await _last_words(http, body)
        if not fault or fault.kind not in _BREAKS_BODY:
            return _json(body)
        half = body[: len(body) // 2]
        if fault.kind == "truncate":
            return _json(half)
        response = web.StreamResponse(headers={"Content-Type": _JSON, "Content-Length": str(len(body))})
        await response.prepare(http)
        await response.write(half)
        await self._break_off(http, fault)
        return response

    async def _stream(
        self,
        http: web.Request,
        request: CompletionRequest,
        generation: Generation,
        pace: Pace,
        fault: Fault | None,
    ) -> web.StreamResponse:
        events = list(replies.events(request, generation, int(time.time())))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(http)
        broken = fault is not None and fault.kind in _BREAKS_BODY
        if broken:
            events = events[: len(events) // 2]
        await _write_at_pace(response, events, pace)
        if fault and broken and fault.kind != "truncate":
            await self._break_off(http, fault)
        return response

    async def _break_off(self, http: web.Request, fault: Fault) -> None:
        if fault.kind == "reset":
            _hang_up(http)
        else:
            await anyio.sleep(self._config.stall_s)
            _hang_up(http)


def _is(fault: Fault | None, kind: FaultKind) -> bool:
    return fault is not None and fault.kind == kind


async def _write_at_pace(response: web.StreamResponse, events: list[bytes], pace: Pace) -> None:
    sent = 0
    batch = max(1, round(_TICK_S / pace.step_s)) if pace.step_s else len(events)
    while sent < len(events):
        await pace.wait_for(min(sent + batch, len(events)))
        due = max(sent + 1, pace.tokens_by(anyio.current_time(), len(events)))
        await response.write(b"".join(events[sent:due]))
        sent = due


async def _last_words(http: web.Request, body: bytes) -> web.StreamResponse:
    """Answers as if the connection stayed, and closes it."""
    response = web.StreamResponse(headers={"Content-Type": _JSON, "Content-Length": str(len(body))})
    await response.prepare(http)
    await response.write_eof(body)
    if http.transport is not None:
        http.transport.close()
    return response


def _hang_up(http: web.Request) -> None:
    """Resets the connection: the peer sees an error, not an end."""
    transport = http.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _json(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type=_JSON)


@asynccontextmanager
async def running_server(config: SimConfig) -> AsyncIterator[str]:
    """Runs a simulated endpoint in this event loop; yields its base URL.

    Raises ConfigError if the address cannot be listened at.
    """
    runner = web.AppRunner(
        SimServer(config).app(),
        access_log=None,
        handler_cancellation=True,  # a dropped connection frees its slot
        keepalive_timeout=300,
        shutdown_timeout=0.1,
    )
    await runner.setup()
    try:
        await _listen(runner, config)
        host, port = runner.addresses[0][:2]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


async def _listen(runner: web.AppRunner, config: SimConfig) -> None:
    try:
        await web.TCPSite(runner, config.host, config.port, backlog=4096).start()
    except OSError as error:
        raise ConfigError(
            f"cannot listen: {error.strerror or error}",
            where=f"simulated endpoint at {config.host}:{config.port}",
            fix="Choose another --port, or 0 for any that is free.",
        ) from error


async def serve(config: SimConfig, on_ready: Callable[[str], None]) -> None:
    """Runs a simulated endpoint until it is cancelled; `on_ready` gets its base URL once it listens."""
    async with running_server(config) as url:
        on_ready(url)
        await anyio.sleep_forever()
