"""Answers that are not in their grammar: refused one by one, and the endpoint that gives them taken out."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import anyio
import pytest
from endpoints.scripted_server import ScriptedServer, chat_answer, says, serving, until
from hypothesis import given
from hypothesis import strategies as st

from funcdex.endpoints.probe_grammar import ODD_WORD, ProbeGrammar
from funcdex.errors import GrammarIgnored, NoEndpointAvailable
from funcdex.grammar.conversation import json_grammar
from funcdex.pool.affinity import affinity_key, ranking
from funcdex.pool.trust import MOST_IGNORED, WINDOW, TrustWindow, stray_at
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Request
from pool.manual_clock import ManualClock
from pool.pool_tools import pool_over, request

STRAYS = says(chat_answer("I would rather write prose."))
QUICK = PoolSettings(backoff_base_s=0.001, max_attempts=20)
NUMBERS = json_grammar({"type": "array", "items": {"type": "integer"}, "minItems": 1})


def constrained(name: str = "c1") -> Request:
    return replace(request(name), grammar=ProbeGrammar())


# The window


@given(st.lists(st.booleans(), max_size=60))
def test_trust_ends_with_the_third_stray_among_ten_answers(answers: list[bool]) -> None:
    window, latest = TrustWindow(), deque[bool](maxlen=10)
    for kept in answers:
        window.record(kept=kept)
        latest.append(kept)
        assert window.trusted == (latest.count(False) < 3)


@given(st.lists(st.booleans(), max_size=30))
def test_a_server_that_stops_enforcing_is_noticed_within_ten_answers(before: list[bool]) -> None:
    window, needed = TrustWindow(), 0
    for kept in before:
        window.record(kept=kept)
    while window.trusted:
        window.record(kept=False)
        needed += 1
    assert needed <= MOST_IGNORED + 1 <= WINDOW


# One answer


@pytest.mark.parametrize("text", ["[1]", "[1, -20]", "[1]\n", " \n[1]", "\t[1, 2]  "])
def test_white_space_around_an_answer_does_not_count(text: str) -> None:
    assert stray_at(NUMBERS, text, True) is None


@pytest.mark.parametrize(("text", "at"), [("[]", 1), ("[1", 2), ("[1] and more", 3), ("Sure: [1]", 0)])
def test_a_whole_answer_that_leaves_its_grammar_is_told_where(text: str, at: int) -> None:
    assert stray_at(NUMBERS, text, True) == at


@pytest.mark.parametrize(
    ("text", "at"), [("", None), ("[1, ", None), ("[1]", None), ("[x", 1), ("Sure: [", 0)]
)
def test_an_answer_that_was_broken_off_has_to_be_a_beginning(text: str, at: int | None) -> None:
    assert stray_at(NUMBERS, text, False) == at


def test_half_of_a_character_at_the_end_of_a_broken_answer_is_no_stray() -> None:
    word = json_grammar({"type": "string", "enum": ["caf\u00e9"]})
    assert stray_at(word, '"caf\ufffd', False) is None
    assert stray_at(word, '"caf\ufffd"', True) == 4


# In the pool


async def test_a_stray_answer_is_asked_for_again_elsewhere() -> None:
    servers = ScriptedServer(), ScriptedServer()
    async with serving(*servers), pool_over(*servers, settings=QUICK) as running:
        key = affinity_key(constrained())
        assert key is not None
        one, other = (servers[place] for place in ranking(key, tuple(server.url for server in servers)))
        one.script.append(STRAYS)
        await running.run(constrained())
        assert running.endpoint(one).failed == {"grammar_ignored": 1}
        assert (running.endpoint(one).completed, running.endpoint(one).state) == (0, "ready")
    assert (running.done["c1"].endpoint, running.done["c1"].text) == (other.url, ODD_WORD)
    (retry,) = running.told("retry")
    assert (retry.fault, retry.conversation_id) == ("grammar_ignored", "c1")
    assert "character 0" in retry.detail and "rather write prose" in retry.detail


async def test_attempts_are_used_up_by_stray_answers() -> None:
    server = ScriptedServer()
    server.script.extend([STRAYS] * 2)
    settings = PoolSettings(backoff_base_s=0.001, max_attempts=2)
    async with serving(server), pool_over(server, settings=settings) as running:
        with pytest.raises(GrammarIgnored, match="leaves its grammar"):
            await running.pool.generate(constrained())


async def test_prose_without_a_grammar_is_nobodys_fault() -> None:
    server = ScriptedServer()
    server.script.extend([STRAYS] * 20)
    async with serving(server), pool_over(server) as running:
        for number in range(20):
            await running.run(request(f"c{number}"))
    assert len(running.done) == 20 and not running.told("retry")


async def test_a_model_that_never_came_to_its_answer_broke_no_grammar() -> None:
    server = ScriptedServer()
    server.script.append(says(chat_answer("", reasoning="Let me think.")))
    async with serving(server), pool_over(server) as running:
        await running.run(constrained())
    assert (running.done["c1"].text, running.done["c1"].attempts) == ("", 1)


async def test_an_endpoint_that_stops_enforcing_is_out_until_its_probe_is_good_again() -> None:
    lying, honest, clock = ScriptedServer(), ScriptedServer(), ManualClock()
    lying.script.extend([STRAYS] * 3)
    async with serving(lying, honest), pool_over(lying, honest, clock=clock, settings=QUICK) as running:
        async with anyio.create_task_group() as tg:
            for number in range(8):
                tg.start_soon(running.run, constrained(f"c{number}"))
            while len(running.done) < 8:
                await anyio.lowlevel.checkpoint()
                clock.advance(0.0001 if running.pool.snapshot().backing_off else 0.0)
            seen = running.endpoint(lying)
            assert seen.state == "down" and seen.reason.startswith("it ignores grammars, 3 times of late")
            assert seen.failed == {"grammar_ignored": 3}
            (down,) = running.told("down")
            assert (down.endpoint, down.fault, down.detail) == (lying.url, "grammar_ignored", seen.reason)
        assert {completion.text for completion in running.done.values()} == {ODD_WORD}

        clock.advance(5.0)
        await until(lambda: running.endpoint(lying).state == "ready")
        assert len(lying.probes) == 2


async def test_an_endpoint_whose_probe_shows_what_is_wrong_does_not_come_back() -> None:
    server, clock = ScriptedServer(), ManualClock()
    async with serving(server), pool_over(server, clock=clock, settings=QUICK) as running:
        server.enforces = False
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, constrained())
            while not running.failed:
                await anyio.lowlevel.checkpoint()
                clock.advance(1.0 if clock.sleeping else 0.0)
        assert running.endpoint(server).state == "refused"
    assert len(server.received) == 3
    assert isinstance(running.failed["c1"], NoEndpointAvailable)
    assert "it ignores the grammar" in str(running.failed["c1"])


async def test_the_second_time_it_is_refused_though_its_probe_is_good() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([STRAYS] * 6)
    async with serving(server), pool_over(server, clock=clock, settings=QUICK) as running:
        async with anyio.create_task_group() as tg:
            tg.start_soon(running.run, constrained())
            while not running.failed:
                await anyio.lowlevel.checkpoint()
                clock.advance(1.0 if clock.sleeping else 0.0)
        assert running.endpoint(server).state == "refused"
    assert len(server.probes) == 2
    assert [event.kind for event in running.events if event.kind != "retry"] == [
        "joined",
        "down",
        "joined",
        "refused",
    ]
    assert "it ignores grammars" in str(running.failed["c1"])


async def test_answers_from_before_it_was_taken_out_say_nothing_of_it_afterwards() -> None:
    server, clock = ScriptedServer(), ManualClock()
    server.script.extend([STRAYS] * 8)
    async with serving(server), pool_over(server, clock=clock, settings=QUICK) as running:
        server.gate = gate = anyio.Event()
        async with anyio.create_task_group() as tg:
            for number in range(8):
                tg.start_soon(running.run, constrained(f"c{number}"))
            await until(lambda: server.in_flight == 8)
            server.gate = None
            gate.set()
            while len(running.done) < 8:
                await anyio.lowlevel.checkpoint()
                clock.advance(1.0 if clock.sleeping else 0.0)
        seen = running.endpoint(server)
    assert (seen.state, seen.completed, seen.failed) == ("ready", 8, {"grammar_ignored": 8})
    assert len(running.told("down")) == 1 and not running.told("refused")


async def test_a_place_is_free_as_soon_as_the_answer_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    server, checked = ScriptedServer(), anyio.Event()

    async def slowly(request: Request, completion: object) -> None:
        await checked.wait()

    monkeypatch.setattr("funcdex.pool.pool.believe", slowly)
    settings = PoolSettings(max_in_flight=1)
    async with (
        serving(server),
        pool_over(server, settings=settings) as running,
        anyio.create_task_group() as tg,
    ):
        for number in range(3):
            tg.start_soon(running.run, constrained(f"c{number}"))
        await until(lambda: len(server.received) == 3)
        await until(lambda: running.pool.snapshot().in_flight == 0)
        assert not running.done
        checked.set()
    assert len(running.done) == 3
