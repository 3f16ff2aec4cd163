"""Whatever endpoints do, and whoever is cancelled: limits hold, nothing leaks, every request ends."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

import anyio
import httpx
import orjson
from endpoints.scripted_server import chat_answer
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.probe_grammar import ODD_WORD
from funcdex.errors import EndpointError
from funcdex.pool.hedging import SHARE
from funcdex.pool.joining import Candidate
from funcdex.pool.pool import Pool
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.pool_tools import request

LIMIT = 3
GOOD = orjson.dumps(chat_answer())
CALM = ("good",) * 30 + ("slow", "500")
FAULTY = ("good", "good", "good", "500", "429", "503", "400", "404", "no json", "no connection", "broken")


class Chaos:
    """Endpoints that draw what they do; also the clock, which jumps to the end of every sleep.

    `at_once` are the endpoints that work on a request just now, `most_at_once` the most there were for any.
    """

    def __init__(self, seed: int, outcomes: Sequence[str] = FAULTY) -> None:
        self._outcomes = outcomes
        self.at_once: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.most_at_once: Counter[int] = Counter()
        self._rng = random.Random(seed)
        self.now_s = 0.0
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight = self.most_at_the_same = 0
        self.good = 0

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await anyio.lowlevel.checkpoint()

    async def handle(self, http: httpx.Request) -> httpx.Response:
        match http.url.path:
            case "/health":
                return httpx.Response(self._rng.choice([200, 503]))
            case "/version":
                return httpx.Response(200, json={"version": "1"})
            case "/v1/models":
                return httpx.Response(200, json={"data": [{"id": "m"}]})
            case "/metrics":
                return httpx.Response(404)
        if b"structured_outputs" in http.content:
            return httpx.Response(200, json=chat_answer(ODD_WORD))
        return await self._complete(http.url.host, orjson.loads(http.content)["messages"][0]["content"])

    async def _complete(self, host: str, name: str) -> httpx.Response:
        self.in_flight[host] += 1
        self.at_once[name][host] += 1
        self.most_at_once[self.at_once[name].total()] += 1
        self.most_at_the_same = max(self.most_at_the_same, self.at_once[name][host])
        self.most_in_flight = max(self.most_in_flight, self.in_flight[host])
        try:
            for _ in range(self._rng.randrange(4)):
                await anyio.lowlevel.checkpoint()
            self.now_s += self._rng.random()
            outcome = self._rng.choice(self._outcomes)
            for _ in range(200 if outcome == "slow" else 0):
                await anyio.lowlevel.checkpoint()
            return self._outcome(outcome)
        finally:
            self.in_flight[host] -= 1
            self.at_once[name][host] -= 1

    def _outcome(self, outcome: str) -> httpx.Response:
        match outcome:
            case "good" | "slow":
                self.good += 1
                return httpx.Response(200, content=GOOD)
            case "no json":
                return httpx.Response(200, content=b"{")
            case "no connection":
                raise httpx.ConnectError("refused")
            case "broken":
                raise httpx.ReadError("reset")
            case status:
                return httpx.Response(int(status), headers={"Retry-After": "2"}, json={})


def _pool(chaos: Chaos, endpoints: int) -> Pool:
    candidates = []
    for number in range(endpoints):
        spec = EndpointSpec(url=f"http://endpoint{number}.test")
        facts = EndpointFacts(spec.url, "vllm", "1", "m", ("m",), None, None, "lark", enforces=True)
        client = EndpointClient(spec, httpx.MockTransport(chaos.handle))
        candidates.append(Candidate(client, facts))
    limits = PoolSettings(max_in_flight=LIMIT, failures_to_open=2, open_for_s=1, max_attempts=4)
    return Pool(candidates, limits, clock=chaos.clock, sleep=chaos.sleep, rng=random.Random(1))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    endpoints=st.integers(1, 3),
    priorities=st.lists(st.integers(0, 2), min_size=1, max_size=30),
    cancelled=st.sets(st.integers(0, 29)),
)
async def test_nothing_leaks(seed: int, endpoints: int, priorities: list[int], cancelled: set[int]) -> None:
    chaos = Chaos(seed)
    done: list[int] = []
    failed: list[int] = []

    async with _pool(chaos, endpoints) as pool:

        async def ask(number: int, priority: int, scope: anyio.CancelScope) -> None:
            with scope:
                try:
                    await pool.generate(request(f"c{number}", priority=priority))
                    done.append(number)
                except EndpointError:
                    failed.append(number)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tg:
                scopes = [anyio.CancelScope() for _ in priorities]
                for number, (priority, scope) in enumerate(zip(priorities, scopes, strict=True)):
                    tg.start_soon(ask, number, priority, scope)
                for number in sorted(cancelled & set(range(len(scopes)))):
                    await anyio.lowlevel.checkpoint()
                    scopes[number].cancel()
        seen = pool.snapshot()

    assert chaos.most_in_flight <= LIMIT
    assert (seen.in_flight, seen.waiting, seen.backing_off) == (0, 0, 0)
    assert all(endpoint.outstanding_tokens == 0 for endpoint in seen.endpoints)
    assert sum(endpoint.completed for endpoint in seen.endpoints) == len(done) <= chaos.good
    assert set(range(len(priorities))) - set(done) - set(failed) <= cancelled


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), endpoints=st.integers(2, 3), cancelled=st.sets(st.integers(0, 59)))
async def test_what_is_sent_twice_is_answered_once_and_within_the_limits(
    seed: int, endpoints: int, cancelled: set[int]
) -> None:
    chaos = Chaos(seed, CALM)
    done: Counter[int] = Counter()

    async with _pool(chaos, endpoints) as pool:

        async def ask(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                await pool.generate(request(f"c{number}"))
                done[number] += 1

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tg:
                scopes = [anyio.CancelScope() for _ in range(60)]
                for number, scope in enumerate(scopes):
                    tg.start_soon(ask, number, scope)
                for number in sorted(cancelled):
                    await anyio.lowlevel.checkpoint()
                    scopes[number].cancel()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()  # What was called off has its last turn.
        seen = pool.snapshot()

    assert chaos.most_in_flight <= LIMIT
    assert max(chaos.most_at_once) <= 2 and chaos.most_at_the_same == 1
    assert chaos.most_at_once[2] <= seen.hedged <= 60 * SHARE and seen.hedges_won <= seen.hedged
    assert seen.in_flight == 0 and all(endpoint.outstanding_tokens == 0 for endpoint in seen.endpoints)
    assert sum(endpoint.completed for endpoint in seen.endpoints) == done.total()
    assert set(done.values()) == {1} and set(range(60)) - set(done) <= cancelled
