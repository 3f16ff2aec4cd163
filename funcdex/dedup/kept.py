"""The vectors of a run's scenarios in a file, so that a resume need not compute them again.

The file is a cache: the journal says which scenarios there are, and a vector is found by the digest of its
text, so what the journal does not have is never looked up. A header line names model and dimension; records
of one size follow, each with a checksum. The first is the vector of `PROBE`: a model of the same name that
makes another vector of it is another model. Whatever cannot be believed is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from funcdex.dedup.embedding import BATCH, Embedder, encoded
from funcdex.dedup.exact import digest
from funcdex.dedup.index import FloatArray
from funcdex.dedup.record_file import RecordFile

PROBE = "A librarian moves the reading of a poet to Thursday and tells all who have booked."
_SAME_MODEL_COSINE = 0.999
"""Devices and versions of libraries differ by less."""


class KeptVectors:
    """Vectors that `embedder`, known as `model`, has made before, in the file at `path`.

    Nothing is opened, and the model is not asked, before the first vector is wanted. Blocks. A disk that
    fails costs the cache, not the run: the journal will tell of it.
    """

    def __init__(self, path: Path, model: str, embedder: Embedder) -> None:
        self._path = path
        self._model = model
        self._embedder = embedder
        self._file: RecordFile | None = None

    def recall(self, texts: Sequence[str]) -> FloatArray:
        """The vectors of texts, computed and kept where the file has none."""
        file = self._opened()
        found = [file.find(digest(text)) for text in texts]
        missing = [row for row, value in enumerate(found) if value is None]
        for at in range(0, len(missing), BATCH):
            rows = missing[at : at + BATCH]
            values = _values(encoded(self._embedder, [texts[row] for row in rows]))
            file.append([(digest(texts[row]), value) for row, value in zip(rows, values, strict=True)])
            for row, value in zip(rows, values, strict=True):
                found[row] = value
        vectors = np.frombuffer(b"".join(value for value in found if value is not None), "<f2")
        return vectors.reshape(len(texts), -1).astype(np.float32)

    def keep(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Adds what was computed elsewhere, rounded to float16."""
        file = self._opened()
        file.forget()  # All that was to be recalled has been: new scenarios are not looked up.
        file.append(list(zip(map(digest, texts), _values(vectors), strict=True)))

    def close(self) -> None:
        """No call may be in progress, and none may follow."""
        if self._file:
            self._file.close()

    def _opened(self) -> RecordFile:
        if self._file is None:
            self._file = self._open()
        return self._file

    def _open(self) -> RecordFile:
        probe = encoded(self._embedder, [PROBE])
        header = {"funcdex_embeddings": 1, "model": self._model, "dimension": probe.shape[1]}
        first = digest(PROBE), _values(probe)[0]
        file = RecordFile(self._path, json.dumps(header).encode() + b"\n", len(first[1]))
        known = file.find(first[0])
        if known is None or not _alike(known, first[1]):
            file.begin_anew()
            file.append([first])
        return file


def _values(vectors: FloatArray) -> list[bytes]:
    return [vector.tobytes() for vector in vectors.astype("<f2")]


def _alike(one: bytes, other: bytes) -> bool:
    a, b = (np.frombuffer(value, "<f2").astype(np.float32) for value in (one, other))
    return float(a @ b) >= _SAME_MODEL_COSINE
