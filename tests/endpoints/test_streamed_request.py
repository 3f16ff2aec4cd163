"""One streamed request: the same answer as an unstreamed one, with a time for each piece of it."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import anyio
import pytest

from endpoints.scripted_server import (
    Play,
    ScriptedServer,
    chat_answer,
    fails,
    says,
    says_bytes,
    serving,
    stalls,
    truncates,
    until,
)
from endpoints.streaming import GOOD, USAGE, chunk, streams
from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe import probe
from funcdex.endpoints.stream import Streamed, stream
from funcdex.errors import BadResponse, EndpointError, Overloaded, TimedOut, Unreachable
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.sim.config import SimConfig
from funcdex.sim.server import running_server
from funcdex.types.request import Message, Request, Sampling

REQUEST = Request("c", "conversation", (Message("user", "Write."),), Sampling(50, seed=3), timeout_s=20)
FACTS = EndpointFacts("", "vllm", "0.32.0", "model-a", ("model-a",), 8192, None, "lark", enforces=True)


async def streamed(play: Play, request: Request = REQUEST) -> tuple[Streamed, ScriptedServer]:
    server = ScriptedServer()
    server.script.append(play)
    ticks = itertools.count()
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url), transport)
        facts = replace(FACTS, base_url=server.url)
        return await stream(request, facts, client, lambda: float(next(ticks))), server


async def test_pieces_come_with_their_times_and_a_role_is_no_piece() -> None:
    found, server = await streamed(streams(GOOD[:7], GOOD[7:300], GOOD[300:]))
    assert found.reply.text == "Hello"
    assert (found.reply.prompt_tokens, found.reply.completion_tokens) == (4, 2)
    assert len(found.arrived_s) == 2
    assert found.sent_s < found.arrived_s[0] <= found.arrived_s[1] < found.ended_s
    body = server.received[0].body
    assert body["stream"] is True and body["stream_options"] == {"include_usage": True}


async def test_reasoning_counts_as_the_first_piece_and_not_as_text() -> None:
    thought = chunk(delta={"reasoning_content": "hm"})
    found, _ = await streamed(streams(thought + GOOD))
    assert (found.reply.text, len(found.arrived_s)) == ("Hello", 3)
    assert found.reply.reasoning_tokens == 1


async def test_a_server_that_does_not_stream_has_no_times_of_pieces() -> None:
    found, _ = await streamed(says(chat_answer("all at once")))
    assert (found.reply.text, found.arrived_s) == ("all at once", ())


async def test_an_answer_of_no_token_is_an_empty_text() -> None:
    found, _ = await streamed(streams(chunk(finish_reason="stop") + USAGE))
    assert (found.reply.text, found.arrived_s) == ("", ())


@pytest.mark.parametrize(
    ("play", "fault"),
    [
        (streams(chunk("Hel")), BadResponse),
        (streams(b"data: {\n\n"), BadResponse),
        (streams(b"data: 7\n\n"), BadResponse),
        (streams(chunk("Hel") + b'data: {"error": {"message": "engine died"}}\n\n'), BadResponse),
        (streams(b""), BadResponse),
        (says_bytes(b'{"choices": []}'), BadResponse),
        (fails(429, "slow down"), Overloaded),
        (truncates, Unreachable),
    ],
    ids=["cut off", "no JSON", "no object", "error in mid-stream", "empty", "no choice", "429", "reset"],
)
async def test_what_is_no_answer_is_a_fault(play: Play, fault: type[EndpointError]) -> None:
    with pytest.raises(fault):
        await streamed(play)


async def test_an_error_in_mid_stream_is_named() -> None:
    with pytest.raises(BadResponse, match="engine died"):
        await streamed(streams(chunk("Hel") + b'data: {"error": {"message": "engine died"}}\n\n'))


async def test_the_deadline_holds() -> None:
    with pytest.raises(TimedOut):
        await streamed(stalls, replace(REQUEST, timeout_s=0.05))


async def test_cancelling_closes_the_connection() -> None:
    server = ScriptedServer()
    server.script.append(stalls)
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url), transport)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream, REQUEST, replace(FACTS, base_url=server.url), client, time.monotonic)
            await until(lambda: server.in_flight == 1)
            tasks.cancel_scope.cancel()
        await until(lambda: server.broken_off == 1)


async def test_a_connection_that_the_server_will_close_is_not_used_again() -> None:
    server = ScriptedServer(kind="llamacpp")
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url), transport)
        keeps = replace(FACTS, base_url=server.url)
        for facts, kept in ((replace(keeps, kind="llamacpp"), "close"), (keeps, "keep-alive")):
            server.script.append(streams(GOOD))
            await stream(REQUEST, facts, client, time.monotonic)
            assert server.received[-1].headers.get("Connection", "keep-alive") == kept


async def test_streamed_or_not_the_answer_is_the_same() -> None:
    async with running_server(SimConfig(step_ms=0.0)) as url, open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=url), transport)
        facts = await probe(client, timeout_s=20, now=time.monotonic)
        assert isinstance(facts, EndpointFacts)
        found = await stream(REQUEST, facts, client, time.monotonic)
        whole = await complete(REQUEST, facts, client, time.monotonic)
    assert found.reply.text == whole.text and whole.text
    assert found.reply.completion_tokens == whole.completion_tokens == len(found.arrived_s)


async def test_a_server_that_knows_no_grammar_need_not_be_asked_for_one() -> None:
    server = ScriptedServer(kind="unknown", enforces=False, probed=fails(500, "grammar?"))
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url), transport)
        facts = await probe(client, timeout_s=20, now=time.monotonic, ask_for_grammar=False)
    assert isinstance(facts, EndpointFacts)
    assert not facts.enforces and not facts.passed_over and not server.probes
