"""The nearest of many vectors: each compared up to some tens of thousands, beyond that found through a graph.

Imports faiss only when an index is made.

Why these numbers, measured up to 500,000 vectors: docs/decisions/0010-dedup-at-scale.md.
"""

from __future__ import annotations

import importlib
import os
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
"""HNSW's efSearch."""
SLICE = 256
"""Vectors that enter the graph in one step of its building: a few tenths of a second."""


class VectorIndex:
    """Rows of one group, numbered from 0 as they are added. Vectors are float32, shape (n, d), of norm 1, and
    have been rounded to float16, so that the graph, which keeps float16, has the very same.

    Past `exact_up_to` rows a graph is built by calls of `build`, while searches go on exactly; then the graph
    takes over, and the exact index is let go.
    """

    def __init__(self, dimension: int, exact_up_to: int) -> None:
        self._faiss = importlib.import_module("faiss")
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._exact: Any = self._faiss.IndexFlatIP(dimension)
        self._graph: Any = None

    @property
    def is_exact(self) -> bool:
        """Whether each row is compared."""
        return self._exact is not None

    @property
    def bytes_per_vector(self) -> int:
        """Memory that the index which is searched takes for each row."""
        if self._exact is not None:
            return 4 * self._dimension
        hnsw = self._graph.hnsw
        links_bytes = 4 * hnsw.neighbors.size() + 8 * hnsw.offsets.size() + 4 * hnsw.levels.size()
        return int(2 * self._dimension + links_bytes / max(1, len(self)))

    def __len__(self) -> int:
        return int(self._searched().ntotal)

    def add(self, vectors: FloatArray) -> None:
        """Appends rows."""
        self._searched().add(vectors)

    def nearest(self, vectors: FloatArray) -> tuple[FloatArray, RowArray]:
        """For each vector the cosine to its nearest row, and that row; -1 and -1 if there is none."""
        cosines, rows = self._searched().search(vectors, 1)
        return np.where(rows[:, 0] < 0, np.float32(-1), cosines[:, 0]), rows[:, 0]

    def build(self) -> bool:
        """Takes one slice into the graph, if one is due; whether there may be more to do."""
        if self._exact is None or len(self) <= self._exact_up_to:
            return False
        if self._graph is None:
            self._graph = self._new_graph()
        done = self._graph.ntotal
        self._graph.add(self._exact.reconstruct_n(done, min(SLICE, len(self) - done)))
        if self._graph.ntotal == len(self):
            self._exact = None
        return self._exact is not None

    def _searched(self) -> Any:
        # A setting of the calling thread: at least one core is left to the event loop.
        self._faiss.omp_set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        return self._graph if self._exact is None else self._exact

    def _new_graph(self) -> Any:
        graph = self._faiss.IndexHNSWSQ(
            self._dimension, self._faiss.ScalarQuantizer.QT_fp16, LINKS, self._faiss.METRIC_INNER_PRODUCT
        )
        graph.hnsw.efConstruction = LOOKED_AT_TO_INSERT
        graph.hnsw.efSearch = LOOKED_AT_TO_FIND
        # float16 has nothing to learn, but asks to be trained; one vector does.
        graph.train(self._exact.reconstruct_n(0, 1))
        return graph
