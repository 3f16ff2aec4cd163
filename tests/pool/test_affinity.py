"""Requests with the same grammar and tools go to the same endpoint, if it is not busier than others."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import anyio
import pytest
from endpoints.scripted_server import ScriptedServer, serving
from hypothesis import given
from hypothesis import strategies as st

from funcdex.pool.affinity import affinity_key, ranking
from funcdex.pool.waiting import OVERTAKEN_BY, Job, Waiting
from funcdex.settings.pool import PoolSettings
from funcdex.types.request import Dialect, Message, Request
from pool.pool_tools import pool_over, request


@dataclass(frozen=True)
class Named:
    """A grammar with a key."""

    key: str

    def render(self, dialect: Dialect) -> str:
        return 'start: "hello there"\n'

    def is_rendered(self, dialect: Dialect) -> bool:
        return True


def about(tools: str, name: str = "c1") -> Request:
    messages = (Message("system", f"Tools: {tools}"), Message("user", name))
    return replace(request(name), messages=messages)


def test_the_key_is_that_of_grammar_and_system_message() -> None:
    one = about("a")
    assert affinity_key(one) == affinity_key(about("a", "c2")) != affinity_key(about("b"))
    assert affinity_key(replace(one, grammar=Named("k"))) != affinity_key(one)
    assert affinity_key(request()) is None


urls = st.lists(st.text("abc", min_size=1, max_size=4), min_size=2, max_size=6, unique=True)


@given(key=st.integers(0, 2**32 - 1), urls=urls)
def test_only_the_requests_of_the_endpoint_that_left_move(key: int, urls: list[str]) -> None:
    order = [urls[place] for place in ranking(key, tuple(urls))]
    assert sorted(order) == sorted(urls)
    for gone in urls:
        rest = tuple(url for url in urls if url != gone)
        assert [rest[place] for place in ranking(key, rest)] == [url for url in order if url != gone]


def test_keys_are_spread_over_the_endpoints() -> None:
    homes = [ranking(key, ("a", "b", "c", "d"))[0] for key in range(4000)]
    assert all(homes.count(place) == pytest.approx(1000, rel=0.15) for place in range(4))


async def test_tools_meet_the_endpoint_that_knows_them() -> None:
    """Both are busy all the time, and yet each sees half of the tools."""
    first, second = ScriptedServer(), ScriptedServer()
    async with serving(first), serving(second):
        settings = PoolSettings(max_in_flight=2)
        async with pool_over(first, second, settings=settings) as running, anyio.create_task_group() as tg:
            for number in range(400):
                tg.start_soon(running.run, about(f"set {number % 16}", f"c{number}"))
    seen: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, server in enumerate((first, second)):
        for received in server.received:
            seen[received.body["messages"][0]["content"]][place] += 1
    assert len(running.done) == 400
    at_home = sum(max(counts) for counts in seen.values())
    assert at_home >= 300, "by chance it would be little more than half"
    assert min(len(first.received), len(second.received)) >= 100, "neither was left idle for it"


def job(arrival: int, *, home: int = 0, priority: int = 0) -> Job:
    return Job(request(f"c{arrival}", priority=priority), arrival, serving=3, tokens=1.0, home=home)


def test_at_home_means_first_unless_others_are_more_urgent_or_have_waited_long() -> None:
    waiting = Waiting()
    old, guest, urgent = job(1, home=1), job(2, home=2), job(3, home=1, priority=5)
    late = job(OVERTAKEN_BY + 10, home=2)
    for one in (late, old, guest, urgent):
        waiting.push(one)
    taken = []
    while (found := waiting.take(room=2, up=3)) is not None:
        taken.append(found[0])
    assert taken == [urgent, guest, old, late]
