from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest

from funcdex.dedup.embedding import EmbeddingLayer, FloatArray, SentenceModel
from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.protocol import Duplicate, Layer
from funcdex.errors import DedupError


class Planted:
    """An embedder whose vectors are given: `"a 0.3"` lies at 0.3 of a half circle."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.batches.append(len(texts))
        angles = np.array([float(text.split()[-1]) for text in texts]) * np.pi
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@asynccontextmanager
async def serving(*layers: Layer) -> AsyncIterator[ScenarioGuard]:
    guard = ScenarioGuard(layers)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        yield guard
        tasks.cancel_scope.cancel()


async def test_a_near_scenario_of_the_same_toolkits_is_refused_with_what_it_repeats() -> None:
    async with serving(EmbeddingLayer(Planted(), threshold=0.95)) as guard:
        assert await guard.admit("gmail", "first 0.0") is None
        duplicate = await guard.admit("gmail", "second 0.1")
        assert await guard.admit("gmail", "third 0.5") is None
        assert await guard.admit("jira", "fourth 0.0") is None
    assert duplicate is not None
    assert (duplicate.layer, duplicate.of) == ("embedding", "first 0.0")
    assert duplicate.similarity == pytest.approx((np.cos(0.1 * np.pi) + 1) / 2)


async def test_of_many_equal_scenarios_at_once_exactly_one_is_admitted() -> None:
    answers: list[Duplicate | None] = []

    async def ask(guard: ScenarioGuard, text: str) -> None:
        answers.append(await guard.admit("gmail", text))

    embedder = Planted()
    async with serving(EmbeddingLayer(embedder, threshold=0.95)) as guard, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(ask, guard, f"text{number} 0.25")
    assert sum(answer is None for answer in answers) == 1
    assert len(embedder.batches) < 10, "questions that wait together are embedded together"


async def test_case_punctuation_and_spacing_do_not_make_a_scenario_new() -> None:
    async with serving(ExactLayer()) as guard:
        assert await guard.admit("gmail", "Send it - now!") is None
        assert await guard.admit("gmail", "send  it now") == Duplicate("exact", 1.0, "send  it now")


async def test_scenarios_of_an_earlier_session_count() -> None:
    guard = ScenarioGuard([EmbeddingLayer(Planted(), threshold=0.95)])
    await guard.restore([("gmail", "old 0.2"), ("jira", "other 0.9")])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        assert await guard.admit("gmail", "new 0.2") is not None
        assert await guard.admit("gmail", "new 0.9") is None
        tasks.cancel_scope.cancel()
    assert guard.recent("gmail", 5) == ["old 0.2", "new 0.9"]
    assert guard.recent("gmail", 0) == []


async def test_a_fault_of_the_model_reaches_who_asked_and_the_guard_goes_on() -> None:
    async with serving(EmbeddingLayer(Planted(), threshold=0.95)) as guard:
        with pytest.raises(ValueError, match="could not convert"):
            await guard.admit("gmail", "no number")
        assert await guard.admit("gmail", "fine 0.1") is None


def test_a_model_that_cannot_be_loaded_is_a_clear_error() -> None:
    with pytest.raises(DedupError, match=r"cannot load the sentence model.*dedup.model /nowhere/model"):
        SentenceModel("/nowhere/model", "cpu")


def test_the_packaged_model_tells_paraphrase_from_difference() -> None:
    vectors = SentenceModel("minilm", "cpu").encode(
        [
            "A dentist reschedules all appointments of a sick colleague and informs the patients.",
            "All appointments of an ill colleague are moved by a dentist, who informs the patients.",
            "A brewery orders bottles and pays the supplier's overdue invoice.",
        ]
    )
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.75 > 0.4 > vectors[0] @ vectors[2]
