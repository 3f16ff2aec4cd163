"""The nearest of many vectors: each compared up to some tens of thousands, beyond that found through a graph.

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
RowArray = npt.NDArray[np.int64]

LINKS = 32
"""HNSW's M: links of a vector on each upper level; twice as many on the lowest."""
LOOKED_AT_TO_INSERT = 80
"""HNSW's efConstruction."""
LOOKED_AT_TO_FIND = 256
"""HNSW's efSearch, in a graph of up to `DOUBLED_PAST` vectors."""
DOUBLED_PAST = 200_000
"""Vectors beyond which efSearch is twice as large: the larger a graph, the more ways miss the nearest."""
BLOCK = 512
"""Vectors that are compared at once, and later enter the graph at once: in a few tenths of a second."""


class VectorIndex:
    """Rows of one group, numbered from 0 as they are added. Vectors are float32, shape (n, d), of norm 1, and
    have been rounded to float16, so that the graph, which keeps float16, has the very same.

    Rows lie in blocks, and each is compared. Past `exact_up_to` rows, calls of `build` move the full blocks
    into `graph`, the oldest first. A search asks the graph and compares what is not in it yet, so nobody has
    to wait for the graph, and no vector is kept twice.
    """

    def __init__(self, dimension: int, exact_up_to: int) -> None:
        self.graph: Any = None
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._blocks: deque[FloatArray] = deque()
        self._in_last_block = BLOCK

    @property
    def in_graph(self) -> int:
        """How many rows, the first ones, are found through the graph."""
        return int(self.graph.ntotal) if self.graph is not None else 0

    def __len__(self) -> int:
        return self.in_graph + (len(self._blocks) - 1) * BLOCK + self._in_last_block

    def add(self, vectors: FloatArray) -> None:
        """Appends rows."""
        while len(vectors):
            if self._in_last_block == BLOCK:
                self._blocks.append(np.empty((BLOCK, self._dimension), np.float32))
                self._in_last_block = 0
            part, vectors = np.split(vectors, [BLOCK - self._in_last_block])
            self._blocks[-1][self._in_last_block : self._in_last_block + len(part)] = part
            self._in_last_block += len(part)

    def nearest(self, vectors: FloatArray) -> tuple[FloatArray, RowArray]:
        """For each vector the cosine to its nearest row, and that row; -1 and -1 if there is none."""
        cosines, rows = self._through_graph(vectors)
        left = len(self) - self.in_graph
        for number, block in enumerate(self._blocks):
            among = vectors @ block[: left - number * BLOCK].T
            places = among.argmax(axis=1)
            best = among[np.arange(len(vectors)), places]
            nearer = best > cosines
            cosines[nearer] = best[nearer]
            rows[nearer] = places[nearer] + (self.in_graph + number * BLOCK)
        return cosines, rows

    def build(self) -> bool:
        """Moves one block into the graph, if one is due; whether there may be more to do."""
        if not self._is_due():
            return False
        if self.graph is None:
            self.graph = new_graph(self._dimension)
        _use_half_of_the_cores()
        self.graph.add(self._blocks[0])
        self._blocks.popleft()
        return self._is_due()

    def _is_due(self) -> bool:
        has_full_block = len(self._blocks) > (self._in_last_block < BLOCK)
        return has_full_block and len(self) > self._exact_up_to

    def _through_graph(self, vectors: FloatArray) -> tuple[FloatArray, RowArray]:
        if self.graph is None:
            return np.full(len(vectors), -1, np.float32), np.full(len(vectors), -1, np.int64)
        _use_half_of_the_cores()
        self.graph.hnsw.efSearch = looked_at_to_find(self.in_graph)
        cosines, rows = self.graph.search(vectors, 1)
        return cosines[:, 0], rows[:, 0]


def new_graph(dimension: int) -> Any:
    """An empty graph of vectors that are kept as float16."""
    faiss = importlib.import_module("faiss")
    graph = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = LOOKED_AT_TO_INSERT
    # float16 has nothing to learn, but asks to be trained; one vector does.
    graph.train(np.zeros((1, dimension), np.float32))
    return graph


def looked_at_to_find(vectors: int) -> int:
    """efSearch in a graph of so many."""
    return LOOKED_AT_TO_FIND * (1 if vectors <= DOUBLED_PAST else 2)


def compare_in_one_thread() -> None:
    """A setting of the process, whose only use of BLAS is here: it would take all cores for each block."""
    importlib.import_module("threadpoolctl").threadpool_limits(1, user_api="blas")


def _use_half_of_the_cores() -> None:
    """A setting of the calling thread: at least one core is left to the event loop."""
    importlib.import_module("faiss").omp_set_num_threads(max(1, (os.cpu_count() or 2) // 2))
