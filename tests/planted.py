"""Embedders and layers for tests of the scenario guard."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import anyio
import numpy as np

from funcdex.dedup.embedding import Embedder
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.index import FloatArray
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.meaning import EXACT_UP_TO, MeaningFinder
from funcdex.dedup.protocol import Layer
from funcdex.dedup.rules import OFF, Thresholds


class Planted:
    """An embedder whose vectors are given: `"a 0.3"` lies at 0.3 of a half circle."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.batches.append(len(texts))
        angles = np.array([float(text.split()[-1]) for text in texts]) * np.pi
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


class Scattered:
    """An embedder that puts each text somewhere on a sphere: always there, and far from all others."""

    def __init__(self, dimension: int = 64, seed: int = 0) -> None:
        self.encoded: list[str] = []
        self._dimension = dimension
        self._seed = seed

    def encode(self, texts: Sequence[str]) -> FloatArray:
        self.encoded += texts
        return unit(np.stack([self._one(text) for text in texts]))

    def _one(self, text: str) -> FloatArray:
        dice = np.random.default_rng([self._seed, *text.encode()])
        return dice.standard_normal(self._dimension, dtype=np.float32)


def unit(vectors: FloatArray) -> FloatArray:
    """Every row scaled to norm 1."""
    scaled: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def by_meaning(
    embedder: Embedder, threshold: float, exact_up_to: int = EXACT_UP_TO, kept: KeptVectors | None = None
) -> LikenessLayer:
    """A layer that decides by vectors alone."""
    finder = MeaningFinder(embedder, exact_up_to, kept)
    return LikenessLayer([finder], Thresholds(words=OFF, rouge_l=OFF, embedding=threshold))


@asynccontextmanager
async def serving(
    *layers: Layer,
    earlier: Mapping[str, Sequence[str]] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncIterator[ScenarioGuard]:
    """A guard that answers as long as the block."""
    guard = ScenarioGuard(layers, earlier, clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(guard.serve)
        yield guard
        tasks.cancel_scope.cancel()
