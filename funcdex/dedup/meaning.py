"""Finds what a scenario may repeat by what it means: its nearest vectors."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from funcdex.dedup.embedding import Embedder, encoded
from funcdex.dedup.index import FloatArray, VectorIndex, compare_in_one_thread
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.protocol import Item

EXACT_UP_TO = 50_000
"""Scenarios of one group; see `VectorIndex`."""
NEIGHBOURS = 5
"""Looked at of each scenario: where another wording is there, it is among the five nearest in 97 of 100
cases, and the nearest in fewer."""


class MeaningFinder:
    """An index of vectors per group, exact up to `exact_up_to` of them.

    What is kept of a look goes to `kept`, and what is inserted is taken from there as far as it goes.
    """

    def __init__(
        self, embedder: Embedder, exact_up_to: int = EXACT_UP_TO, kept: KeptVectors | None = None
    ) -> None:
        # Now, while nobody else needs the interpreter: an import holds its lock.
        importlib.import_module("faiss")
        compare_in_one_thread()
        self._embedder = embedder
        self._exact_up_to = exact_up_to
        self.kept = kept
        self.indexes: dict[str, VectorIndex] = {}

    def insert(self, items: Sequence[Item]) -> None:
        """See `Finder.insert`."""
        texts = [item.text for item in items]
        self.add(items, self.kept.recall(texts) if self.kept else encoded(self._embedder, texts))

    def look(self, items: Sequence[Item]) -> _LookAtMeanings:
        """See `Finder.look`. One call of the model for all, one search for each group."""
        return _LookAtMeanings(self, items, encoded(self._embedder, [item.text for item in items]))

    def upkeep(self) -> bool:
        """See `Finder.upkeep`."""
        return any(index.build() for index in self.indexes.values())

    def add(self, items: Sequence[Item], vectors: FloatArray) -> None:
        """Puts vectors into the indexes of their groups."""
        for group, places in places_by_group(items).items():
            if group not in self.indexes:
                self.indexes[group] = VectorIndex(vectors.shape[1], self._exact_up_to)
            self.indexes[group].add(vectors[places])


class _LookAtMeanings:
    def __init__(self, finder: MeaningFinder, items: Sequence[Item], vectors: FloatArray) -> None:
        self._finder = finder
        self._items = items
        self._vectors = vectors
        self._among = _similarity(vectors @ vectors.T)
        self._near: dict[int, list[tuple[int, float | None]]] = {}
        for group, places in places_by_group(items).items():
            if group in finder.indexes:
                cosines, rows = finder.indexes[group].nearest(vectors[places], NEIGHBOURS)
                for place, near, values in zip(places, rows, _similarity(cosines), strict=True):
                    self._near[place] = [
                        (int(row), float(value)) for row, value in zip(near, values, strict=True) if row >= 0
                    ]

    def near(self, place: int) -> Sequence[tuple[int, float | None]]:
        """See `Look.near`."""
        return self._near.get(place, ())

    def similarity(self, place: int, other: int) -> float | None:
        """See `Look.similarity`."""
        return float(self._among[place, other])

    def keep(self, places: Sequence[int]) -> None:
        """See `Look.keep`."""
        items, vectors = [self._items[place] for place in places], self._vectors[list(places)]
        self._finder.add(items, vectors)
        if self._finder.kept:
            self._finder.kept.keep([item.text for item in items], vectors)


def places_by_group(items: Sequence[Item]) -> dict[str, list[int]]:
    """Where in a sequence the items of each group stand."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[item.group].append(place)
    return places


def _similarity(cosines: FloatArray) -> FloatArray:
    return np.minimum(1, (cosines + 1) / 2)
