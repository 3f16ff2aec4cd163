"""One request to one endpoint over a real socket: what is sent, what comes back, how it fails."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import replace
from functools import partial

import anyio
import httpx
import orjson
import pytest
from aiohttp import ClientRequest, TCPConnector, web
from pydantic import SecretStr

from endpoints.scripted_server import (
    Play,
    ScriptedServer,
    chat_answer,
    fails,
    resets,
    says,
    says_bytes,
    serving,
    stalls,
    truncates,
    until,
)
from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts, ServerKind
from funcdex.endpoints.http import CONNECTING_AT_ONCE, EndpointClient, open_transport
from funcdex.endpoints.probe_grammar import ProbeGrammar
from funcdex.errors import (
    BadResponse,
    ConfigError,
    ContextTooLong,
    EndpointError,
    NoConnection,
    NotServed,
    Overloaded,
    RequestRefused,
    ServerFault,
    TimedOut,
    Unreachable,
)
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Completion, Message, Request, Sampling

REQUEST = Request(
    conversation_id="c1",
    stage="scenario",
    messages=(Message("system", "You write."), Message("user", "Write <ünï>.")),
    sampling=Sampling(max_tokens=50),
    timeout_s=30,
)


def _facts(server: ScriptedServer, kind: ServerKind = "vllm") -> EndpointFacts:
    return EndpointFacts(
        base_url=server.url,
        kind=kind,
        server_version="1",
        model="model-a",
        models=("model-a",),
        context_tokens=server.context_tokens,
        slots=None,
        dialect="lark" if kind == "vllm" else "gbnf",
        enforces=True,
    )


async def _ask(
    server: ScriptedServer,
    request: Request = REQUEST,
    *,
    kind: ServerKind = "vllm",
    key: SecretStr | None = None,
    max_body_bytes: int = 10_000,
) -> Completion:
    async with open_transport() as transport:
        client = EndpointClient(
            EndpointSpec(url=server.url), transport, api_key=key, max_body_bytes=max_body_bytes
        )
        return await complete(request, _facts(server, kind), client, time.monotonic)


async def test_a_completion_comes_back_with_its_figures() -> None:
    server = ScriptedServer()
    async with serving(server):
        completion = await _ask(server)
    assert replace(completion, latency_s=0.0) == Completion(
        text="hello there",
        finish_reason="stop",
        endpoint=server.url,
        model="model-a",
        prompt_tokens=11,
        completion_tokens=7,
    )
    assert completion.latency_s > 0


async def test_vllm_gets_lark_and_the_knobs_that_are_set() -> None:
    server = ScriptedServer()
    sampling = Sampling(max_tokens=50, temperature=0.7, top_p=0.9, top_k=-1, min_p=0.05, seed=2**40)
    async with serving(server):
        await _ask(server, replace(REQUEST, sampling=sampling, grammar=ProbeGrammar()))
    assert server.received[0].body == {
        "model": "model-a",
        "messages": [
            {"role": "system", "content": "You write."},
            {"role": "user", "content": "Write <ünï>."},
        ],
        "max_tokens": 50,
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": -1,
        "min_p": 0.05,
        "seed": 2**40,
        "structured_outputs": {"grammar": ProbeGrammar().render("lark")},
    }


async def test_knobs_that_are_not_set_are_left_to_the_server() -> None:
    server = ScriptedServer()
    async with serving(server):
        await _ask(server)
    assert set(server.received[0].body) == {"model", "messages", "max_tokens"}


async def test_llamacpp_gets_gbnf_and_a_seed_of_32_bits() -> None:
    server = ScriptedServer(kind="llamacpp")
    sampling = Sampling(max_tokens=50, seed=2**40 + 5)
    async with serving(server):
        await _ask(server, replace(REQUEST, sampling=sampling, grammar=ProbeGrammar()), kind="llamacpp")
    body = server.received[0].body
    assert body["grammar"] == ProbeGrammar().render("gbnf")
    assert 0 <= body["seed"] < 2**32 - 1
    assert "structured_outputs" not in body


@pytest.mark.parametrize(("max_tokens", "sent"), [(500, True), (1000, False)])
async def test_vllm_is_left_to_end_an_answer_that_may_not_fit_the_context(
    max_tokens: int, sent: bool
) -> None:
    server = ScriptedServer(context_tokens=1000)
    async with serving(server):
        await _ask(server, replace(REQUEST, sampling=Sampling(max_tokens=max_tokens)))
    assert ("max_tokens" in server.received[0].body) is sent


async def test_the_key_is_sent_as_a_bearer_token() -> None:
    server = ScriptedServer()
    async with serving(server):
        await _ask(server, key=SecretStr("sk-very-secret"))
    assert server.received[0].headers["Authorization"] == "Bearer sk-very-secret"


async def test_an_endpoints_own_key_goes_before_the_general_one() -> None:
    server = ScriptedServer()
    async with serving(server), open_transport() as transport:
        spec = EndpointSpec(url=server.url, api_key=SecretStr("its-own"))
        client = EndpointClient(spec, transport, api_key=SecretStr("general"))
        await complete(REQUEST, _facts(server), client, time.monotonic)
    assert server.received[0].headers["Authorization"] == "Bearer its-own"


async def test_a_key_that_the_server_repeats_stays_out_of_the_message() -> None:
    server = ScriptedServer()
    server.script.append(fails(401, "wrong key: sk-very-secret"))
    async with serving(server):
        with pytest.raises(NotServed) as caught:
            await _ask(server, key=SecretStr("sk-very-secret"))
    assert "wrong key: ***" in str(caught.value)
    assert "sk-very-secret" not in repr(caught.value)


@pytest.mark.parametrize("key", ["two\nlines", "nön-ascii"])
def test_a_key_that_no_header_can_carry_is_refused_without_quoting_it(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        EndpointClient(
            EndpointSpec(url="http://h"),
            httpx.MockTransport(lambda _: httpx.Response(200)),
            api_key=SecretStr(key),
        )
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (resets, Unreachable),
        (truncates, Unreachable),
        (fails(500), ServerFault),
        (fails(400, "failed to parse grammar"), RequestRefused),
        (fails(400, "This model's maximum context length is 10 tokens."), ContextTooLong),
        (fails(404, "The model `x` does not exist."), NotServed),
        (says_bytes(b'{"choices": ['), BadResponse),
        (says_bytes(b'{"choices": [{"message": {"content": "\xff"}}]}'), BadResponse),
        (says({"choices": []}), BadResponse),
        (says(chat_answer(None)), BadResponse),
        (says(chat_answer("x" * 20_000)), BadResponse),
        (says_bytes(b"", 307, Location="http://elsewhere.test/"), NotServed),
    ],
)
async def test_faults_of_a_server_are_told_apart(play: Play, expected: type[EndpointError]) -> None:
    server = ScriptedServer()
    server.script.append(play)
    async with serving(server):
        with pytest.raises(EndpointError) as caught:
            await _ask(server)
    assert type(caught.value) is expected
    assert len(server.received) == 1, "the transport retries nothing"


async def test_an_overloaded_server_says_how_long_to_wait() -> None:
    server = ScriptedServer()
    server.script.append(fails(429, "slow down", Retry_After="7"))
    async with serving(server):
        with pytest.raises(Overloaded) as caught:
            await _ask(server)
    assert caught.value.retry_after_s == 7.0


async def test_a_server_that_stalls_is_cut_off_at_the_deadline() -> None:
    server = ScriptedServer()
    server.script.append(stalls)
    async with serving(server):
        with pytest.raises(TimedOut, match="no answer within 1 s"):
            await _ask(server, replace(REQUEST, timeout_s=1))
        await until(lambda: server.broken_off == 1)


async def test_nobody_at_the_address_is_no_connection() -> None:
    server = ScriptedServer()
    async with serving(server):
        pass
    with pytest.raises(NoConnection):
        await _ask(server)


async def test_what_is_no_http_is_a_bad_response() -> None:
    async def gibberish(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"220 ftp ready\r\n\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as tg:
        tg.start_soon(listener.serve, gibberish)
        with pytest.raises(BadResponse):
            await _ask(ScriptedServer(port=port))
        tg.cancel_scope.cancel()
    await listener.aclose()


async def test_cancelling_closes_the_connection() -> None:
    server = ScriptedServer()
    server.script.append(stalls)
    async with serving(server), anyio.create_task_group() as tg:
        tg.start_soon(_ask, server)
        await until(lambda: server.in_flight == 1)
        tg.cancel_scope.cancel()
    assert server.in_flight == 0
    assert server.broken_off == 1


async def test_cancelling_in_the_middle_of_a_body_closes_the_connection() -> None:
    server = ScriptedServer()
    began = anyio.Event()

    async def dribbles(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "1000"})
        await response.prepare(request)
        await response.write(b"{")
        began.set()
        await anyio.sleep_forever()
        return response

    server.script.append(dribbles)
    async with serving(server), anyio.create_task_group() as tg:
        tg.start_soon(_ask, server)
        await began.wait()
        await anyio.wait_all_tasks_blocked()
        tg.cancel_scope.cancel()
    assert server.broken_off == 1


async def test_half_of_a_surrogate_pair_in_a_prompt_is_refused_before_it_is_sent() -> None:
    server = ScriptedServer()
    async with serving(server):
        with pytest.raises(RequestRefused, match="c1 cannot be sent"):
            await _ask(server, replace(REQUEST, messages=(Message("user", "\ud83d"),)))
    assert not server.received


async def test_connections_are_kept_alive_between_requests() -> None:
    server = ScriptedServer()
    peers: set[object] = set()

    async def note_peer(request: web.Request) -> web.StreamResponse:
        peers.add(request.transport and request.transport.get_extra_info("peername"))
        return web.json_response(chat_answer())

    server.script.extend([note_peer] * 5)
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url), transport)
        for _ in range(5):
            await complete(REQUEST, _facts(server), client, time.monotonic)
    assert len(peers) == 1


async def test_a_large_prompt_arrives_whole() -> None:
    server = ScriptedServer()
    text = "é" * 500_000
    async with serving(server):
        await _ask(server, replace(REQUEST, messages=(Message("user", text),)))
    assert orjson.loads(orjson.dumps(server.received[0].body))["messages"][0]["content"] == text


async def test_there_is_room_for_thousands_of_sockets() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        await open_transport().aclose()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(16_384, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_connections_to_one_server_are_opened_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    opening: Counter[int] = Counter()

    async def never_open(self: object, req: ClientRequest, *_: object) -> None:
        opening[req.url.port or 0] += 1
        await anyio.sleep_forever()

    monkeypatch.setattr(TCPConnector, "_create_connection", never_open)
    async with open_transport() as transport, anyio.create_task_group() as tasks:
        busy, other = (
            EndpointClient(EndpointSpec(url=f"http://127.0.0.1:{port}"), transport) for port in (1, 2)
        )
        for client in (*[busy] * (2 * CONNECTING_AT_ONCE), other):
            tasks.start_soon(partial(client.get, "/health", timeout_s=3600))
        await anyio.wait_all_tasks_blocked()
        assert opening == {1: CONNECTING_AT_ONCE, 2: 1}
        tasks.cancel_scope.cancel()
