"""Endpoints that are listed, and join and leave while a pool works, in virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import anyio
import httpx
from endpoints.scripted_server import chat_answer

from funcdex.errors import DiscoveryError, FuncdexError, NoEndpointAvailable
from funcdex.pool.events import PoolEvent
from funcdex.pool.following import Fleet
from funcdex.pool.joining import Candidate, probe_each
from funcdex.pool.pool import Pool
from funcdex.settings.discovery import DiscoverySettings
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from pool.pool_tools import request
from pool.test_days_of_faults import LIMIT, Endpoint, at_once
from pool.virtual_time import run_in_virtual_time

A, B, C = (EndpointSpec(url=f"http://{name}.test") for name in "abc")
PATIENCE_S = 600.0
SETTINGS = PoolSettings(max_in_flight=LIMIT, open_for_s=5, give_up_after_s=PATIENCE_S, max_attempts=1)

Lists = Sequence[tuple[float, Sequence[EndpointSpec] | None]]
"""From which second on which endpoints are listed; None: the source cannot be read."""


@dataclass
class Scheduled:
    """A source whose list changes with time."""

    lists: Lists
    name: str = "file:workers.txt"

    async def listed(self) -> tuple[EndpointSpec, ...]:
        now = [specs for at_s, specs in self.lists if at_s <= anyio.current_time()][-1]
        if now is None:
            raise DiscoveryError("the list cannot be read", where=self.name, fix="Write it.")
        return tuple(now)


@dataclass
class World:
    """A pool, the servers behind it, and what became of the requests."""

    servers: Mapping[EndpointSpec, Endpoint]
    lists: Sequence[Lists]
    settings: PoolSettings = SETTINGS
    answered: dict[str, str] = field(default_factory=dict)
    failed: dict[str, FuncdexError] = field(default_factory=dict)
    events: list[PoolEvent] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def run(self, work: Callable[[World, Pool], Awaitable[None]]) -> None:
        """In virtual time, with the fleet followed."""

        async def play() -> None:
            with mock.patch("funcdex.endpoints.client.off_loop", at_once):
                await self._play(work)

        def coroutine() -> Coroutine[Any, Any, None]:
            return play()

        run_in_virtual_time(coroutine)

    async def _play(self, work: Callable[[World, Pool], Awaitable[None]]) -> None:
        fleet = Fleet(
            [Scheduled(lists, f"file:{number}") for number, lists in enumerate(self.lists)],
            DiscoverySettings(every_s=2, leave_after_s=5),
            PATIENCE_S,
            self._probe,
            anyio.current_time,
            anyio.sleep,
            self.said.append,
        )
        candidates = await fleet.assemble()
        pool = Pool(
            candidates,
            self.settings,
            clock=anyio.current_time,
            rng=random.Random(1),
            on_event=self.events.append,
            patience_s=PATIENCE_S,
            watching=False,
        )
        async with pool, anyio.create_task_group() as following:
            following.start_soon(fleet.follow, pool)
            await work(self, pool)
            following.cancel_scope.cancel()

    async def _probe(self, specs: Sequence[EndpointSpec]) -> Sequence[Candidate]:
        found = []
        for spec in specs:
            transport = httpx.MockTransport(self.servers[spec.model_copy(update={"stages": ()})].handle)
            (one,) = await probe_each([spec], transport, timeout_s=10, now=anyio.current_time)
            found.append(one)
        return found

    async def ask(self, pool: Pool, name: str, stage: str = "scenario") -> None:
        try:
            completion = await pool.generate(request(name, timeout_s=3000, stage=stage))
            self.answered[name] = completion.endpoint
        except FuncdexError as fault:
            self.failed[name] = fault

    async def ask_all(self, pool: Pool, count: int) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(count):
                tasks.start_soon(self.ask, pool, f"c{number}")

    def told(self, kind: str) -> list[str]:
        return [event.endpoint for event in self.events if event.kind == kind]


def in_flight(pool: Pool) -> dict[str, int]:
    return {one.url: one.in_flight for one in pool.snapshot().endpoints}


def steady(answer_s: float = 7.0) -> Endpoint:
    return Endpoint([], answer_s=answer_s)


def test_an_endpoint_that_is_added_has_its_full_share_within_ten_seconds() -> None:
    world = World({A: steady(), B: steady(), C: steady()}, [[(0, [A, B]), (100, [A, B, C])]])
    full_at_s: list[float] = []

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 400)
            for _ in range(1000):
                await anyio.sleep(0.25)
                if in_flight(pool).get(C.url) == LIMIT:
                    full_at_s.append(anyio.current_time())
                    break

    world.run(work)
    assert 100 <= full_at_s[0] <= 110
    assert not world.failed and len(world.answered) == 400
    by_c = sum(url == C.url for url in world.answered.values())
    a_third_of_what_was_left = (400 - 2 * LIMIT * 100 / 7) / 3
    assert by_c > 0.9 * a_third_of_what_was_left


def test_an_endpoint_that_is_removed_finishes_what_it_has_and_gets_nothing_more() -> None:
    world = World({A: steady(), B: steady(answer_s=40)}, [[(0, [A, B]), (100, [A])]])
    seen: list[tuple[float, int]] = []

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 200)
            while anyio.current_time() < 200:
                await anyio.sleep(1)
                seen.append((anyio.current_time(), in_flight(pool)[B.url]))

    world.run(work)
    assert not world.failed and len(world.answered) == 200
    assert sum(world.servers[B].answered.values()) == 3 * LIMIT
    assert not world.servers[B].faults_at_s
    assert {count for at_s, count in seen if at_s < 100} == {LIMIT}
    assert {count for at_s, count in seen if at_s > 150} == {0}
    assert world.told("left") == [B.url]
    assert not world.told("down")


def test_an_endpoint_that_is_removed_and_silent_costs_no_attempt() -> None:
    """A pod that is deleted answers nothing any more, not even that the connection is closed."""
    world = World({A: steady(), B: Endpoint([(90, "stall")], 7)}, [[(0, [A, B]), (100, [A])]])

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 200)
            await anyio.sleep(99)
            assert in_flight(pool)[B.url] == LIMIT
            world.servers[B].schedule.append((99, "gone"))
            await anyio.sleep(21)
            assert in_flight(pool)[B.url] == 0

    world.run(work)
    assert not world.failed and len(world.answered) == 200


def test_requests_that_break_after_their_endpoint_left_cost_no_attempt() -> None:
    world = World({A: steady(), B: Endpoint([(107, "gone")], 40)}, [[(0, [A, B]), (100, [A])]])

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 200)

    world.run(work)
    assert not world.failed and len(world.answered) == 200


class Dying(Endpoint):
    """Answers 500 in the end to what it was working on when it was told to end."""

    async def _answer(self, http: httpx.Request) -> httpx.Response:
        await anyio.sleep(self.answer_s)
        return httpx.Response(500 if anyio.current_time() > 107 else 200, json=chat_answer())


def test_faults_of_an_endpoint_that_left_cost_no_attempt() -> None:
    world = World({A: steady(), B: Dying([], 40)}, [[(0, [A, B]), (100, [A])]])

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 200)

    world.run(work)
    assert not world.failed and len(world.answered) == 200


def test_an_endpoint_that_comes_back_joins_again() -> None:
    world = World({A: steady(), B: steady()}, [[(0, [A, B]), (100, [A]), (200, [A, B])]])

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 400)
            await anyio.sleep(150)
            assert [one.state for one in pool.snapshot().endpoints] == ["ready", "left"]
            await anyio.sleep(60)
            assert [one.state for one in pool.snapshot().endpoints] == ["ready", "ready"]
            assert in_flight(pool)[B.url] == LIMIT

    world.run(work)
    assert world.told("joined") == [A.url, B.url, B.url]
    assert not world.failed and len(world.answered) == 400


def test_a_newcomer_that_is_not_up_yet_gets_work_once_it_is() -> None:
    late = Endpoint([(0, "gone"), (130, "none")], 7)
    world = World({A: steady(), B: late}, [[(0, [A]), (100, [A, B])]])

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 200)
            await anyio.sleep(120)
            assert pool.snapshot().endpoints[1].state == "down"
            await anyio.sleep(20)
            assert in_flight(pool)[B.url] == LIMIT

    world.run(work)
    assert not world.failed


def test_what_is_waiting_when_all_have_left_waits_for_another() -> None:
    world = World({A: steady(), B: steady()}, [[(0, [A]), (50, []), (400, [B])]])

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 100)

    world.run(work)
    assert not world.failed and len(world.answered) == 100
    assert any("lists no endpoint" in text for text in world.said)


def test_nobody_waits_longer_than_the_limit_for_another() -> None:
    world = World({A: steady()}, [[(0, [A]), (50, [])]])
    ended_s: list[float] = []

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 100)
        ended_s.append(anyio.current_time())

    world.run(work)
    assert {type(fault) for fault in world.failed.values()} == {NoEndpointAvailable}
    assert len(world.answered) + len(world.failed) == 100
    assert PATIENCE_S <= ended_s[0] <= PATIENCE_S + 120


def test_a_stage_that_nobody_serves_yet_waits_for_its_endpoint() -> None:
    judge = B.model_copy(update={"stages": ("judge",)})
    writer = A.model_copy(update={"stages": ("conversation",)})
    world = World({A: steady(), B: steady()}, [[(0, [writer]), (100, [writer, judge])]])

    async def work(world: World, pool: Pool) -> None:
        await world.ask(pool, "judged", stage="judge")
        await world.ask(pool, "written", stage="conversation")

    world.run(work)
    assert world.answered == {"judged": B.url, "written": A.url}


def test_when_the_one_for_a_part_leaves_those_for_whole_conversations_take_it() -> None:
    mender = B.model_copy(update={"stages": ("correction",)})
    world = World({A: steady(), B: steady(answer_s=30)}, [[(0, [A, mender]), (100, [A])]])

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(60):
                tasks.start_soon(world.ask, pool, f"c{number}", "correction")

    world.run(work)
    assert not world.failed and len(world.answered) == 60
    assert set(world.answered.values()) == {A.url, B.url}


def test_a_source_that_cannot_be_read_changes_nothing_and_is_told_of_once() -> None:
    world = World({A: steady(), B: steady()}, [[(0, [A, B]), (20, None), (80, [A, B])]])

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 200)

    world.run(work)
    assert not world.failed and not world.told("left")
    assert len(world.said) == 1 and "what was listed last stays" in world.said[0]


def test_who_is_listed_twice_stays_until_nobody_lists_it() -> None:
    world = World({A: steady(), B: steady()}, [[(0, [A, B]), (50, [A])], [(0, [B]), (100, [])]])

    async def work(world: World, pool: Pool) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.ask_all, pool, 300)
            await anyio.sleep(90)
            assert not world.told("left")
            await anyio.sleep(30)
            assert world.told("left") == [B.url]

    world.run(work)
    assert not world.failed


def test_a_run_waits_for_the_first_endpoint_to_be_listed() -> None:
    world = World({A: steady()}, [[(0, []), (300, [A])]])

    async def work(world: World, pool: Pool) -> None:
        assert anyio.current_time() >= 300
        await world.ask_all(pool, 5)

    world.run(work)
    assert len(world.answered) == 5
    assert len(world.said) == 1 and "no endpoint can be used yet (none is listed by file:0)" in world.said[0]


def test_a_run_for_which_nobody_is_ever_listed_ends_with_the_reason() -> None:
    world = World({}, [[(0, None)]])
    ended: list[FuncdexError] = []

    async def never(world: World, pool: Pool) -> None:
        raise AssertionError("there is no endpoint")

    try:
        world.run(never)
    except NoEndpointAvailable as fault:
        ended.append(fault)
    assert "the list cannot be read" in str(ended[0])


def test_endpoints_that_come_and_go_at_random_lose_nothing() -> None:
    dice = random.Random(7)
    specs = [EndpointSpec(url=f"http://{number}.test") for number in range(6)]
    lists: list[tuple[float, list[EndpointSpec]]] = [(0, specs)]
    while lists[-1][0] < 1500:
        lists.append((lists[-1][0] + dice.uniform(1, 60), dice.sample(specs, dice.randint(1, 6))))
    lists.append((1600, specs))
    world = World({spec: steady(dice.uniform(5, 30)) for spec in specs}, [lists])

    async def work(world: World, pool: Pool) -> None:
        await world.ask_all(pool, 1500)

    world.run(work)
    assert not world.failed and len(world.answered) == 1500
    assert all(server.most_in_flight <= LIMIT for server in world.servers.values())
    assert len(world.told("left")) > 20
