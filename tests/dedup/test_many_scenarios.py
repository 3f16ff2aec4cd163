"""Exact comparison and the graph that follows it decide alike, and one turns into the other unnoticed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import Scattered, by_meaning, serving, unit

from funcdex.dedup import index as index_module
from funcdex.dedup.embedding import Embedder
from funcdex.dedup.index import BLOCK, FloatArray, VectorIndex
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.meaning import MeaningFinder
from funcdex.dedup.protocol import Duplicate, Verdict
from funcdex.dedup.rules import OFF, Thresholds

THRESHOLD = 0.95


class Clusters(Scattered):
    """`"3 a"` and `"3 b"` lie close together, `"4 a"` far from both."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        centres = super().encode([text.split()[0] for text in texts])
        return unit(centres + np.float32(0.1) * super().encode(texts))


def on_a_sphere(count: int, dimension: int = 32, seed: int = 0) -> FloatArray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    return unit(vectors).astype(np.float16).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abcd")), max_size=12), max_size=12))
def test_exact_and_graph_decide_alike(batches: list[list[tuple[int, str]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "BLOCK", 4)
        patch.setattr(index_module, "BLOCKS_OF_A_GRAPH", 3)
        exact, graph = (by_meaning(Clusters(), THRESHOLD, exact_up_to) for exact_up_to in (10_000, 3))
        for batch in batches:
            items = [("gmail" if number % 2 else "jira", f"{number} {kind}") for number, kind in batch]
            if items:
                decisions = [
                    [verdict.of if isinstance(verdict, Duplicate) else None for verdict in layer.admit(items)]
                    for layer in (exact, graph)
                ]
                assert decisions[0] == decisions[1]
            graph.upkeep()


def test_a_vector_is_found_at_every_moment_of_the_graph_s_building() -> None:
    vectors = on_a_sphere(4 * BLOCK)
    index = VectorIndex(32, exact_up_to=BLOCK)
    index.add(vectors[: 3 * BLOCK])
    in_graphs: list[int] = []
    while index.build():
        # New ones arrive while it is built, and are found at once.
        index.add(vectors[len(index) :][:10])
        in_graphs.append(index.in_graphs)
        cosines, rows = (found[:, 0] for found in index.nearest(vectors[: len(index)]))
        assert rows[index.in_graphs :].tolist() == list(range(index.in_graphs, len(index)))
        assert np.mean(rows == np.arange(len(index))) > 0.99
        assert cosines == pytest.approx(1, abs=1e-3)
    assert in_graphs == [BLOCK, 2 * BLOCK]
    assert (index.in_graphs, len(index)) == (3 * BLOCK, 3 * BLOCK + 20)


def test_an_index_of_few_vectors_has_nothing_to_build() -> None:
    index = VectorIndex(32, exact_up_to=2 * BLOCK)
    index.add(on_a_sphere(2 * BLOCK))
    assert not index.build()
    assert index.in_graphs == 0


def test_rows_in_several_graphs_and_in_none_are_found_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "BLOCKS_OF_A_GRAPH", 2)
    vectors = on_a_sphere(5 * BLOCK + 10)
    index = VectorIndex(32, exact_up_to=0)
    index.add(vectors)
    while index.build():
        pass
    assert [graph.ntotal for graph in index.graphs] == [2 * BLOCK, 2 * BLOCK, BLOCK]
    rows = index.nearest(vectors)[1][:, 0]
    assert np.mean(rows == np.arange(len(vectors))) > 0.99
    assert rows[5 * BLOCK :].tolist() == list(range(5 * BLOCK, 5 * BLOCK + 10))


@pytest.mark.parametrize("at_once", [1, 7, BLOCK, 3 * BLOCK])
def test_rows_are_numbered_in_the_order_they_were_added(at_once: int) -> None:
    vectors = on_a_sphere(2 * BLOCK + 5)
    index = VectorIndex(32, exact_up_to=10 * BLOCK)
    for at in range(0, len(vectors), at_once):
        index.add(vectors[at : at + at_once])
    rows = index.nearest(vectors)[1][:, 0]
    assert rows.tolist() == list(range(len(vectors)))


def test_an_empty_index_is_near_to_nothing() -> None:
    cosines, rows = (found[:, 0] for found in VectorIndex(32, exact_up_to=100).nearest(on_a_sphere(2)))
    assert cosines.tolist() == [-1, -1]
    assert rows.tolist() == [-1, -1]


@pytest.mark.parametrize("exact_up_to", [10 * BLOCK, 0])
@pytest.mark.parametrize("most", [1, 5, 3 * BLOCK])
def test_the_nearest_few_come_in_order_whatever_holds_them(exact_up_to: int, most: int) -> None:
    vectors = on_a_sphere(2 * BLOCK + 7)
    index = VectorIndex(32, exact_up_to)
    index.add(vectors)
    while index.build():
        pass
    asked = on_a_sphere(20, seed=1)
    truth = np.argsort(-(asked @ vectors.T), axis=1)[:, : min(most, len(vectors))]
    cosines, rows = index.nearest(asked, most)
    assert rows.shape == cosines.shape == (20, most)
    known = truth.shape[1]
    few = min(known, 100)
    assert np.mean(rows[:, :few] == truth[:, :few]) > (0.95 if exact_up_to == 0 else 0.999)
    if not index.graphs:
        assert (rows[:, known:] == -1).all() and (cosines[:, known:] == -1).all()


def test_the_graph_goes_on_growing_block_by_block() -> None:
    vectors = on_a_sphere(3 * BLOCK)
    index = VectorIndex(32, exact_up_to=0)
    for at in range(0, len(vectors), 20):
        index.add(vectors[at : at + 20])
        while index.build():
            pass
        assert len(index) - index.in_graphs < BLOCK
    rows = index.nearest(vectors)[1][:, 0]
    assert np.mean(rows == np.arange(len(vectors))) > 0.99


@pytest.mark.parametrize(("answer_s", "blocks"), [(0.0, 1), (1.0, 1), (1.5, 2), (2.0, 2)])
async def test_the_graph_is_built_between_answers_for_as_long_as_these_take(
    answer_s: float, blocks: int
) -> None:
    layer = Logged(Scattered(), answer_s)
    earlier = {"gmail": [f"old {number}" for number in range(6 * BLOCK)]}
    async with serving(layer, earlier=earlier, clock=layer.clock) as guard:
        for number in range(8):
            assert await guard.admit("gmail", f"new {number}") is None
            assert await guard.admit("gmail", f"old {number}") is not None
    between = "".join(layer.log).split("answers")[1:]
    built = ["block" * blocks] * (6 // blocks)
    assert between[: len(built)] == built
    assert set(between[len(built) :]) == {""}


class Logged(LikenessLayer):
    """Writes down what it does, by a clock of its own: a block takes a second."""

    def __init__(self, embedder: Embedder, answer_s: float) -> None:
        self._finder = MeaningFinder(embedder, exact_up_to=10)
        super().__init__([self._finder], Thresholds(words=OFF, rouge_l=OFF, embedding=THRESHOLD))
        self.log: list[str] = []
        self.now_s = 0.0
        self._answer_s = answer_s

    def clock(self) -> float:
        return self.now_s

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Verdict]:
        self.log.append("answers")
        self.now_s += self._answer_s
        return super().admit(items)

    def upkeep(self) -> bool:
        before = self.in_graphs
        more = super().upkeep()
        if self.in_graphs > before:
            self.log.append("block")
            self.now_s += 1
        return more

    @property
    def in_graphs(self) -> int:
        return sum(index.in_graphs for index in self._finder.indexes.values())
