"""The load generator against servers on real sockets: how many requests it keeps in flight, and which."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import pytest
from endpoints.scripted_server import Play, ScriptedServer, chat_answer, fails, says, serving, until

from funcdex.bench import load
from funcdex.bench.load import Answered, Seen, Target, closed_loop, watched
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe_grammar import ProbeGrammar
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.sim.config import SimConfig
from funcdex.sim.server import running_server
from funcdex.types.request import Message, Request, Sampling

FACTS = EndpointFacts("", "vllm", "0.32.0", "model-a", ("model-a",), 8192, None, "lark", enforces=True)


def requests(count: int) -> list[Request]:
    return [
        Request(f"c{place}", "conversation", (Message("user", f"{place}"),), Sampling(20, seed=place), 20)
        for place in range(count)
    ]


@asynccontextmanager
async def targets(*servers: ScriptedServer) -> AsyncIterator[list[Target]]:
    async with serving(*servers), open_transport() as transport:
        yield [
            Target(
                EndpointClient(EndpointSpec(url=server.url), transport), replace(FACTS, base_url=server.url)
            )
            for server in servers
        ]


def sent(servers: Sequence[ScriptedServer]) -> list[str]:
    return [one.body["messages"][0]["content"] for server in servers for one in server.received]


async def test_so_many_are_in_flight_at_each_endpoint_and_no_more() -> None:
    servers = ScriptedServer(gate=anyio.Event()), ScriptedServer(gate=anyio.Event())
    async with targets(*servers) as both, anyio.create_task_group() as tasks:
        tasks.start_soon(closed_loop, requests(20), both, 4, Seen())
        await until(lambda: all(server.in_flight == 4 for server in servers))
        for server in servers:
            assert server.gate is not None
            server.gate.set()
    assert [server.most_in_flight for server in servers] == [4, 4]
    assert sorted(sent(servers), key=int) == [str(place) for place in range(20)]


async def test_a_fast_endpoint_answers_more_of_the_one_list() -> None:
    slow, fast = ScriptedServer(gate=anyio.Event()), ScriptedServer()
    answers: list[Answered] = []
    async with targets(slow, fast) as both, anyio.create_task_group() as tasks:

        async def run() -> None:
            answers.extend(await closed_loop(requests(20), both, 2, Seen()))

        tasks.start_soon(run)
        await until(lambda: len(fast.received) == 18)
        assert slow.gate is not None
        slow.gate.set()
    assert (len(slow.received), len(fast.received), len(answers)) == (2, 18, 20)


async def test_a_fault_is_a_sample_with_its_kind_and_the_round_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "PAUSE_AFTER_FAULT_S", 0.0)
    server = ScriptedServer()
    server.script.extend([fails(429, "slow down"), fails(500, "broken")])
    async with targets(server) as one:
        answers = await closed_loop(requests(5), one, 1, Seen())
    assert [answer.sample.fault for answer in answers] == ["overloaded", "server_fault", None, None, None]
    assert "slow down" in answers[0].said


async def test_an_endpoint_that_only_fails_leaves_the_list_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "PAUSE_AFTER_FAULT_S", 0.0)
    broken = ScriptedServer(models=("another",))  # 404 for ours
    async with targets(broken) as one:
        answers = await closed_loop(requests(100), one, 2, Seen())
    assert load.FEWEST_FAULTS_TO_LEAVE <= len(answers) <= load.FEWEST_FAULTS_TO_LEAVE + 1


async def test_the_first_use_of_a_grammar_is_marked_once_for_each_endpoint() -> None:
    one, other = ScriptedServer(), ScriptedServer()
    with_grammar = [replace(request, grammar=ProbeGrammar()) for request in requests(3)]
    seen = Seen()
    async with targets(one, other) as (first, second):
        marked = [
            [answer.sample.first_use for answer in await closed_loop(with_grammar, [target], 1, seen)]
            for target in (first, second, first)
        ]
    assert marked == [[True, False, False], [True, False, False], [False, False, False]]


async def test_what_does_not_stream_is_measured_from_end_to_end() -> None:
    async with targets(ScriptedServer()) as one:
        (answer,) = await closed_loop(requests(1), one, 1, Seen())
    sample = answer.sample
    assert (sample.ttft_s, sample.itl_s, sample.longest_gap_s) == (None, None, None)
    assert sample.latency_s > 0 and sample.completion_tokens == 7


@pytest.mark.parametrize("play", [says(chat_answer("x") | {"usage": None})], ids=["no usage"])
async def test_without_usage_and_stream_no_tokens_are_made_up(play: Play) -> None:
    server = ScriptedServer()
    server.script.append(play)
    async with targets(server) as one:
        (answer,) = await closed_loop(requests(1), one, 1, Seen())
    assert answer.sample.completion_tokens == 0 and not answer.sample.estimated


async def test_a_streaming_endpoint_tells_first_token_gaps_and_its_own_load() -> None:
    config = SimConfig(step_ms=5.0)
    async with running_server(config) as url, open_transport() as transport:
        facts = replace(FACTS, base_url=url, metrics=True)
        target = Target(EndpointClient(EndpointSpec(url=url), transport), facts)
        async with watched([target]) as loads:
            answers = await closed_loop(requests(4), [target], 2, Seen(), now=time.monotonic)
            with anyio.fail_after(10):
                while not loads:
                    await anyio.lowlevel.checkpoint()
    for answer in answers:
        sample = answer.sample
        assert sample.ttft_s is not None and 0 < sample.ttft_s <= sample.latency_s
        assert sample.itl_s is not None and sample.longest_gap_s is not None
        assert sample.itl_s <= sample.longest_gap_s
    assert loads[0].endpoint == url and loads[0].running <= 2
