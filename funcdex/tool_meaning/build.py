"""Makes the index of a catalogue's tools, or brings it up to date.

Vectors are kept by their texts, so a second time only new and changed tools are embedded. Stopped at any
moment, what was embedded is kept and the index is the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from funcdex.catalogue.database import faults, open_to_read
from funcdex.catalogue.dialect import Connection
from funcdex.dedup.embedding import Embedder
from funcdex.dedup.index import FloatArray
from funcdex.dedup.kept import KeptVectors
from funcdex.errors import CatalogueError
from funcdex.tool_meaning.index import (
    TRAINED_ON_EACH,
    About,
    cells_for,
    folder_of,
    new_index,
    read_about,
    save,
)
from funcdex.tool_meaning.texts import state_of, tools_of

T = TypeVar("T")

CHUNK = 1024
"""Tools whose vectors are in memory at once."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was done: how many tools the index has, and whether it was the same before."""

    tools: int
    unchanged: bool


def embed_catalogue(
    catalog: Path,
    embedder: Embedder,
    model: str,
    tell: Callable[[int, int], None] = lambda done, all: None,
) -> Built:
    """The index of the catalogue as it is now, beside its file. `tell` hears how many tools of how many are
    embedded. Raises CatalogueError and DedupError."""
    folder = folder_of(catalog)
    with faults(catalog), closing(open_to_read(catalog)) as connection:
        # One view of the catalogue, whoever writes meanwhile.
        connection.execute("BEGIN")
        state, total = state_of(connection), _count(connection)
        known = read_about(folder)
        if known and (known.state, known.model) == (state, model) and (folder / known.index).exists():
            return Built(total, True)
        if not total:
            raise CatalogueError(
                "the catalogue has no tools", where=str(catalog), fix="Import some: funcdex tools import."
            )
        _make(folder)
        vectors = folder / "vectors.bin"
        with closing(KeptVectors(vectors, model, embedder)) as kept:
            sample = _embedded(connection, kept, total, tell)
        index = new_index(sample.shape[1], cells_for(total), sample)
        # Opened again, the file knows what was just added.
        with closing(KeptVectors(vectors, model, embedder)) as kept:
            _fill(index, connection, kept)
    save(folder, index, About(model, index.d, total, state, f"index-{state[:16]}.faiss"))
    return Built(total, False)


def _embedded(
    connection: Connection, kept: KeptVectors, total: int, tell: Callable[[int, int], None]
) -> FloatArray:
    """Has all vectors made and kept; a sample of them, from all over the catalogue."""
    step = max(1, total // max(1, cells_for(total) * TRAINED_ON_EACH))
    sample, done = [], 0
    for chunk in _chunks(tools_of(connection)):
        sample.append(kept.recall([text for _, text in chunk])[-done % step :: step])
        done += len(chunk)
        tell(done, total)
    return np.concatenate(sample)


def _fill(index: Any, connection: Connection, kept: KeptVectors) -> None:
    for chunk in _chunks(tools_of(connection)):
        ids = np.array([id for id, _ in chunk], np.int64)
        index.add_with_ids(kept.recall([text for _, text in chunk]), ids)


def _chunks(items: Iterator[T]) -> Iterator[Sequence[T]]:
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def _count(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM tool").fetchall()[0][0])


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CatalogueError(
            f"the folder of the index cannot be made: {error.strerror}",
            where=str(folder),
            fix="It lies beside the catalogue: put the catalogue where you may write.",
        ) from error
