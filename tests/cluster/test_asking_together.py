"""Questions of one range that come about the same time go to who decides in one call; the answers go back to
who asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import anyio
import pytest

from funcdex.cluster.decisions import Question
from funcdex.cluster.remote_guard import MOST_AT_ONCE, RemoteGuard, embedded, serving
from funcdex.dedup.protocol import Duplicate, Verdict
from funcdex.errors import CheckpointError, FuncdexError

ASKERS = [f"conv_{number:05d}" for number in range(40)]


class Decides:
    """Refuses what it is told to, and remembers how it was asked."""

    def __init__(self, refused: Sequence[str] = (), fault: FuncdexError | None = None) -> None:
        self.calls: list[tuple[int, list[str]]] = []
        self._refused = refused
        self._fault = fault

    async def ask(self, shard: int, questions: Sequence[Question]) -> Sequence[Verdict]:
        """The answers, in order."""
        self.calls.append((shard, [question.asker for question in questions]))
        if self._fault:
            raise self._fault
        return [Duplicate("words", 1.0, one.text) if one.text in self._refused else None for one in questions]


async def answers_of(decides: Decides, shard_of: dict[str, int]) -> dict[str, Duplicate | None]:
    """What each asker is told, all of whom ask at once, the groups in turn."""
    told: dict[str, Duplicate | None] = {}
    groups = list(shard_of)

    async def ask(guard: RemoteGuard, number: int, asker: str) -> None:
        told[asker] = await guard.admit(groups[number % len(groups)], f"text of {asker}", asker=asker)

    guard = RemoteGuard(decides.ask, partial(embedded, None), shard_of, {})
    with anyio.fail_after(60):
        async with serving(guard), anyio.create_task_group() as tasks:
            for number, asker in enumerate(ASKERS):
                tasks.start_soon(ask, guard, number, asker)
    return told


async def test_those_who_ask_at_once_share_a_call_to_each_that_decides() -> None:
    decides = Decides(refused=["text of conv_00007"])
    told = await answers_of(decides, {"gmail": 0, "jira": 1})
    assert [asker for asker, answer in told.items() if answer] == ["conv_00007"]
    assert sorted(shard for shard, _ in decides.calls) == [0, 1]
    assert {asker for _, askers in decides.calls for asker in askers} == set(ASKERS)
    assert all(len(askers) <= MOST_AT_ONCE for _, askers in decides.calls)


async def test_all_who_share_a_call_learn_that_it_failed() -> None:
    fault = CheckpointError("the disk is full", where="dedup", fix="Make room.")
    with pytest.raises(ExceptionGroup) as raised:
        await answers_of(Decides(fault=fault), {"gmail": 0})
    assert raised.group_contains(CheckpointError, match="disk is full")
