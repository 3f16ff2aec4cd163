"""Nights of faults in virtual time: all that was planned ends, once; limits hold; nobody is hammered."""

from __future__ import annotations

import gc
import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from unittest import mock

import anyio
import httpx
import orjson
import pytest
from endpoints.scripted_server import chat_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.probe_grammar import ODD_WORD
from funcdex.errors import EndpointError, NoEndpointAvailable
from funcdex.pool.joining import Candidate
from funcdex.pool.member import REFUSALS_TO_GO_DOWN
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.pool_tools import request
from pool.virtual_time import run_in_virtual_time

Trouble = Literal[
    "none",
    "gone",
    "dead",
    "500",
    "429",
    "503",
    "stall",
    "reset",
    "no json",
    "no choices",
    "404",
    "422",
    "too long",
]
"""`dead`: what runs the model is, so that 500 is the answer to everything, to a probe too."""
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)
STAGES = 7
LIMIT = 4
SETTINGS = PoolSettings(max_in_flight=LIMIT, open_for_s=5, give_up_after_s=86_400)
DAY_S = 86_400.0
MOST_FAULTS_A_MINUTE = 2 * LIMIT + REFUSALS_TO_GO_DOWN + 60 / SETTINGS.open_for_s
"""What was in flight, what takes the endpoint down, and one try for each time it has been open."""


@dataclass
class Endpoint:
    """What it does, from which second on, and what it saw."""

    schedule: list[tuple[float, Trouble]]
    answer_s: float
    in_flight: int = 0
    most_in_flight: int = 0
    faults_at_s: list[float] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)

    def trouble(self) -> Trouble:
        place = bisect_right(self.schedule, anyio.current_time(), key=lambda step: step[0]) - 1
        return self.schedule[place][1] if place >= 0 else "none"

    async def handle(self, http: httpx.Request) -> httpx.Response:
        trouble = self.trouble()
        if trouble == "gone":
            self.faults_at_s.append(anyio.current_time())
            raise httpx.ConnectError("refused")
        match http.url.path:
            case "/version":
                return httpx.Response(200, json={"version": "1"})
            case "/v1/models":
                return httpx.Response(200, json={"data": [{"id": "m", "max_model_len": 8192}]})
            case "/health" | "/metrics":
                return httpx.Response(200)
        if b"structured_outputs" in http.content:
            status = 500 if trouble == "dead" else 200
            return httpx.Response(status, json=chat_answer(ODD_WORD))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if trouble == "none":
                return await self._answer(http)
            self.faults_at_s.append(anyio.current_time())
            return await self._fail(trouble)
        finally:
            self.in_flight -= 1

    async def _answer(self, http: httpx.Request) -> httpx.Response:
        await anyio.sleep(self.answer_s)
        if self.trouble() == "gone":
            raise httpx.ReadError("reset")
        self.answered[orjson.loads(http.content)["messages"][0]["content"]] += 1
        return httpx.Response(200, json=chat_answer())

    async def _fail(self, trouble: Trouble) -> httpx.Response:
        match trouble:
            case "stall":
                await anyio.sleep_forever()
            case "reset":
                raise httpx.ReadError("reset")
            case "no json":
                return httpx.Response(200, content=b"<html>")
            case "no choices":
                return httpx.Response(200, json={"choices": []})
            case "too long":
                error = {"message": "This model's maximum context length is 8192 tokens."}
                return httpx.Response(400, json={"error": error})
        headers = {"Retry-After": "20"} if trouble == "429" else {}
        return httpx.Response(500 if trouble == "dead" else int(trouble), headers=headers, json={})


def client_of(number: int, endpoint: Endpoint) -> Candidate:
    spec = EndpointSpec(url=f"http://endpoint{number}.test")
    facts = EndpointFacts(spec.url, "vllm", "1", "m", ("m",), 8192, None, "lark", enforces=True)
    return Candidate(EndpointClient(spec, httpx.MockTransport(endpoint.handle)), facts)


@dataclass
class Outcome:
    """Stages done of each conversation, why it was rejected if it was, and those left when nobody was up."""

    done: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, str] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)
    took_s: float = 0.0
    objects: list[int] = field(default_factory=list)


async def at_once(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


async def a_run(
    endpoints: list[Endpoint], conversations: int, workers: int, settings: PoolSettings = SETTINGS
) -> Outcome:
    """Every conversation asks for its stages one after the other, as in a run."""
    outcome, names = Outcome(), iter([f"c{number}" for number in range(conversations)])

    async def work(pool: Pool) -> None:
        for name in names:
            try:
                for stage in range(STAGES):
                    await pool.generate(request(f"{name} {stage}", priority=stage, timeout_s=3000))
                    outcome.done[name] += 1
            except EndpointError as fault:
                outcome.rejected[name] = fault.kind
            except NoEndpointAvailable:
                outcome.unsettled.append(name)

    async def count_objects() -> None:
        while True:
            await anyio.sleep(DAY_S / 8)
            gc.collect()
            outcome.objects.append(len(gc.get_objects()))

    candidates = [client_of(number, endpoint) for number, endpoint in enumerate(endpoints)]
    pool = Pool(candidates, settings, clock=anyio.current_time, rng=random.Random(1), watching=False)
    with mock.patch("funcdex.endpoints.client.off_loop", at_once):  # A thread would lose its time.
        async with pool, anyio.create_task_group() as counting:
            counting.start_soon(count_objects)
            async with anyio.create_task_group() as tasks:
                for _ in range(workers):
                    tasks.start_soon(work, pool)
            counting.cancel_scope.cancel()
    outcome.took_s = anyio.current_time()
    return outcome


def check(outcome: Outcome, endpoints: list[Endpoint], conversations: int) -> None:
    finished = {name for name, stages in outcome.done.items() if stages == STAGES}
    assert len(finished) + len(outcome.rejected) == conversations
    assert not finished & outcome.rejected.keys()
    answered = sum((endpoint.answered for endpoint in endpoints), Counter[str]())
    assert set(answered.values()) <= {1}, "nothing that was answered is asked again"
    assert all(endpoint.most_in_flight <= LIMIT for endpoint in endpoints)
    for endpoint in endpoints:
        a_minute = defaultdict[int, int](int)
        for at_s in endpoint.faults_at_s:
            a_minute[int(at_s // 60)] += 1
        assert max(a_minute.values(), default=0) <= MOST_FAULTS_A_MINUTE


def test_a_day_of_random_faults_over_eight_endpoints_settles_everything_in_flat_memory() -> None:
    dice = random.Random(24)
    endpoints = []
    for _ in range(8):
        at_s, schedule = dice.uniform(0, 5400), list[tuple[float, Trouble]]()
        while at_s < DAY_S:
            schedule.append((at_s, dice.choice(TROUBLES[1:])))
            schedule.append((at_s + dice.uniform(10, 1800), "none"))
            at_s = schedule[-1][0] + dice.uniform(600, 5400)
        endpoints.append(Endpoint(schedule, answer_s=dice.uniform(500, 2500)))
    conversations = 280
    outcome = run_in_virtual_time(lambda: a_run(endpoints, conversations, workers=48))
    check(outcome, endpoints, conversations)
    assert 0.5 * DAY_S < outcome.took_s < 1.5 * DAY_S, f"{outcome.took_s / 3600:.1f} h"
    assert len(outcome.rejected) < conversations // 50, Counter(outcome.rejected.values())
    early, *_, late = outcome.objects
    assert late < 1.1 * early


@pytest.mark.parametrize("workers", [1, LIMIT, 48])
@pytest.mark.parametrize("number", [1, 3])
def test_endpoints_that_answer_500_to_everything_from_some_moment_on_cost_no_conversation(
    workers: int, number: int
) -> None:
    patience_s = 600.0
    settings = SETTINGS.model_copy(update={"give_up_after_s": patience_s})
    endpoints = [Endpoint([(1000.0, "dead")], answer_s=15) for _ in range(number)]
    outcome = run_in_virtual_time(lambda: a_run(endpoints, 280, workers, settings))
    finished = [name for name, stages in outcome.done.items() if stages == STAGES]
    assert finished and outcome.unsettled
    assert outcome.rejected == {}
    assert len(finished) + len(outcome.unsettled) == 280
    assert outcome.took_s == pytest.approx(1000 + patience_s, abs=60)


def test_a_night_over_an_endpoint_that_dies_every_hour_costs_no_conversation() -> None:
    nights = [(at_s, trouble) for hour in range(1, 12) for at_s, trouble in _an_hour(3600.0 * hour)]
    endpoints = [Endpoint(nights, answer_s=60)]
    outcome = run_in_virtual_time(lambda: a_run(endpoints, 400, workers=48))
    check(outcome, endpoints, 400)
    assert outcome.rejected == {}
    assert outcome.took_s > 6 * 3600


def _an_hour(from_s: float) -> list[tuple[float, Trouble]]:
    return [(from_s, "dead"), (from_s + 900, "none")]


SCHEDULES = st.lists(
    st.lists(st.tuples(st.floats(0, 600), st.sampled_from(TROUBLES)), max_size=5).map(sorted),
    min_size=1,
    max_size=4,
)


@settings(max_examples=15, deadline=None)
@given(SCHEDULES)
def test_whatever_faults_come_in_whatever_order_every_conversation_ends_once(
    schedules: list[list[tuple[float, Trouble]]],
) -> None:
    # One that is always well, or a 404 might leave nobody for the session.
    endpoints = [Endpoint(schedule, answer_s=15) for schedule in [*schedules, []]]
    outcome = run_in_virtual_time(lambda: a_run(endpoints, conversations=8, workers=8))
    check(outcome, endpoints, conversations=8)
