"""The nearest of many vectors: each compared up to some tens of thousands, beyond that found through graphs.

Imports faiss only when a graph is made.

Why these numbers, measured up to 1,000,000 vectors: docs/decisions/0010-dedup-at-scale.md.
"""

from __future__ import annotations

import importlib
import os
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
HalfArray = npt.NDArray[np.float16]
RowArray = npt.NDArray[np.int64]

LINKS = 32
"""HNSW's M: links of a vector on each upper level; twice as many on the lowest."""
LOOKED_AT_TO_INSERT = 80
"""HNSW's efConstruction."""
LOOKED_AT_TO_FIND = 256
"""HNSW's efSearch."""
BLOCK = 512
"""Vectors that are compared at once, and later enter a graph at once: in a few tenths of a second."""
BLOCKS_OF_A_GRAPH = 400
"""204,800 vectors. The larger a graph, the more often its nearest one is missed; of several none is large."""


class VectorIndex:
    """Rows of one group, numbered from 0 as they are added. Vectors are float32, shape (n, d), of norm 1, and
    have been rounded to float16, so that blocks and graphs, which keep float16, have the very same.

    Rows lie in blocks, and each is compared. Past `exact_up_to` rows, calls of `build` move the full blocks
    into a graph, the oldest first, and begin another when that is full. A search asks all `graphs` and
    compares what is in none yet, so nobody has to wait for a graph, and no vector is kept twice.
    """

    def __init__(self, dimension: int, exact_up_to: int) -> None:
        self.graphs: list[Any] = []
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._blocks: deque[HalfArray] = deque()
        self._in_last_block = BLOCK

    @property
    def in_graphs(self) -> int:
        """How many rows, the first ones, are found through graphs."""
        return sum(graph.ntotal for graph in self.graphs)

    def __len__(self) -> int:
        return self.in_graphs + (len(self._blocks) - 1) * BLOCK + self._in_last_block

    def add(self, vectors: FloatArray) -> None:
        """Appends rows."""
        while len(vectors):
            if self._in_last_block == BLOCK:
                self._blocks.append(np.empty((BLOCK, self._dimension), np.float16))
                self._in_last_block = 0
            part, vectors = np.split(vectors, [BLOCK - self._in_last_block])
            self._blocks[-1][self._in_last_block : self._in_last_block + len(part)] = part
            self._in_last_block += len(part)

    def nearest(self, vectors: FloatArray, most: int = 1) -> tuple[FloatArray, RowArray]:
        """For each vector the cosines to its `most` nearest rows, the nearest first, and those rows, both of
        shape (n, most); -1 and -1 where there are no more."""
        nearest = np.full((len(vectors), most), -1, np.float32), np.full((len(vectors), most), -1, np.int64)
        first = 0
        for graph in self.graphs:
            _use_half_of_the_cores()
            cosines, rows = graph.search(vectors, most)
            everywhere = np.arange(len(vectors))
            _take_nearer(
                nearest, everywhere, np.where(rows < 0, -1, cosines), np.where(rows < 0, -1, rows + first)
            )
            first += graph.ntotal
        left = len(self) - first
        for at, block in enumerate(self._blocks):
            among = vectors @ block[: left - at * BLOCK].astype(np.float32).T
            # Few have anything nearer in a block: only for these is it put in order.
            nearer = np.flatnonzero(among.max(axis=1) > nearest[0][:, -1])
            if len(nearer):
                rows = _highest(among[nearer], most)
                cosines = np.take_along_axis(among[nearer], rows, axis=1)
                _take_nearer(nearest, nearer, cosines, rows + (first + at * BLOCK))
        return nearest

    def build(self) -> bool:
        """Moves one block into a graph, if one is due; whether there may be more to do."""
        if not self._is_due():
            return False
        if not self.graphs or self.graphs[-1].ntotal >= BLOCKS_OF_A_GRAPH * BLOCK:
            self.graphs.append(_new_graph(self._dimension))
        _use_half_of_the_cores()
        self.graphs[-1].add(self._blocks[0].astype(np.float32))
        self._blocks.popleft()
        return self._is_due()

    def _is_due(self) -> bool:
        has_full_block = len(self._blocks) > (self._in_last_block < BLOCK)
        return has_full_block and len(self) > self._exact_up_to


def _highest(values: FloatArray, most: int) -> RowArray:
    """The columns of the `most` highest values of each row, in any order; fewer if there are fewer
    columns."""
    if most == 1:
        best: RowArray = values.argmax(axis=1)[:, None]
        return best
    if most >= values.shape[1]:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(values, -most, axis=1)[:, -most:]


def _take_nearer(
    nearest: tuple[FloatArray, RowArray], places: RowArray, cosines: FloatArray, rows: RowArray
) -> None:
    """Puts what is nearer among these in place of what was found before for the vectors at `places`."""
    most = nearest[0].shape[1]
    all_cosines = np.concatenate([nearest[0][places], cosines], axis=1)
    all_rows = np.concatenate([nearest[1][places], rows], axis=1)
    order = np.argsort(-all_cosines, axis=1, kind="stable")[:, :most]
    nearest[0][places] = np.take_along_axis(all_cosines, order, axis=1)
    nearest[1][places] = np.take_along_axis(all_rows, order, axis=1)


def _new_graph(dimension: int) -> Any:
    """An empty graph of vectors that are kept as float16."""
    faiss = importlib.import_module("faiss")
    graph = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = LOOKED_AT_TO_INSERT
    graph.hnsw.efSearch = LOOKED_AT_TO_FIND
    # float16 has nothing to learn, but asks to be trained; one vector does.
    graph.train(np.zeros((1, dimension), np.float32))
    return graph


def compare_in_one_thread() -> None:
    """A setting of the process, whose only use of BLAS is here: it would take all cores for each block."""
    importlib.import_module("threadpoolctl").threadpool_limits(1, user_api="blas")


def _use_half_of_the_cores() -> None:
    """A setting of the calling thread: at least one core is left to the event loop."""
    importlib.import_module("faiss").omp_set_num_threads(max(1, (os.cpu_count() or 2) // 2))
