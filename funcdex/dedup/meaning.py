"""Refuses a scenario that means nearly the same as an earlier one of the same toolkits."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Sequence

from funcdex.dedup.embedding import Embedder, encoded
from funcdex.dedup.index import FloatArray, VectorIndex, compare_in_one_thread
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.protocol import Duplicate
from funcdex.dedup.texts import PackedTexts

EXACT_UP_TO = 50_000
"""Scenarios of one group; see `VectorIndex`."""


class EmbeddingLayer:
    """An index of vectors per group, exact up to `exact_up_to` of them.

    `threshold` is on (cosine + 1) / 2, the scale of the predecessor's `similarity_threshold`. What is
    admitted goes to `kept`, and what is inserted is taken from there as far as it goes.
    """

    def __init__(
        self,
        embedder: Embedder,
        threshold: float,
        exact_up_to: int = EXACT_UP_TO,
        kept: KeptVectors | None = None,
    ) -> None:
        # Now, while nobody else needs the interpreter: an import holds its lock.
        importlib.import_module("faiss")
        compare_in_one_thread()
        self._embedder = embedder
        self._threshold = threshold
        self._exact_up_to = exact_up_to
        self._kept = kept
        self._indexes: dict[str, VectorIndex] = {}
        self._texts: defaultdict[str, PackedTexts] = defaultdict(PackedTexts)

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        if texts:
            vectors = self._kept.recall(texts) if self._kept else encoded(self._embedder, texts)
            self._add(group, texts, vectors)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Duplicate | None]:
        """See `Layer.admit`. One call of the model for all, one search for each group."""
        texts = [text for _, text in items]
        vectors = encoded(self._embedder, texts)
        answers: list[Duplicate | None] = [None] * len(items)
        for group, rows in _rows_by_group(items).items():
            verdicts = self._admit_to(group, [texts[row] for row in rows], vectors[rows])
            for row, verdict in zip(rows, verdicts, strict=True):
                answers[row] = verdict
        if self._kept:
            new = [row for row, answer in enumerate(answers) if answer is None]
            self._kept.keep([texts[row] for row in new], vectors[new])
        return answers

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return any(index.build() for index in self._indexes.values())

    def _admit_to(self, group: str, texts: Sequence[str], vectors: FloatArray) -> list[Duplicate | None]:
        """Each is compared with what the group had, and with those admitted before it in this very call."""
        among = vectors @ vectors.T
        first = len(self._texts[group])
        admitted: list[int] = []
        duplicates: dict[int, tuple[float, int]] = {}
        for row, nearest in enumerate(self._nearest(group, vectors)):
            here = ((float(among[row, other]), first + place) for place, other in enumerate(admitted))
            cosine, earlier = max([nearest, *here])
            similarity = min(1.0, (cosine + 1) / 2)
            if earlier >= 0 and similarity >= self._threshold:
                duplicates[row] = similarity, earlier
            else:
                admitted.append(row)
        self._add(group, [texts[row] for row in admitted], vectors[admitted])
        return [self._verdict(group, duplicates.get(row)) for row in range(len(texts))]

    def _verdict(self, group: str, found: tuple[float, int] | None) -> Duplicate | None:
        if found is None:
            return None
        similarity, earlier = found
        return Duplicate("embedding", similarity, self._texts[group][earlier])

    def _nearest(self, group: str, vectors: FloatArray) -> list[tuple[float, int]]:
        """For each vector the cosine to the nearest of the group and its row; -1.0 and -1 if it is empty."""
        if group not in self._indexes:
            return [(-1.0, -1)] * len(vectors)
        cosines, rows = self._indexes[group].nearest(vectors)
        return [(float(cosine), int(row)) for cosine, row in zip(cosines, rows, strict=True)]

    def _add(self, group: str, texts: Sequence[str], vectors: FloatArray) -> None:
        if not texts:
            return
        if group not in self._indexes:
            self._indexes[group] = VectorIndex(vectors.shape[1], self._exact_up_to)
        self._indexes[group].add(vectors)
        self._texts[group].extend(texts)


def _rows_by_group(items: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, (group, _) in enumerate(items):
        rows[group].append(row)
    return rows
