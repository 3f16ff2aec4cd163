"""The FAISS index of a catalogue's tools, in a folder beside the file: `tools.db.meaning`.

    about.json      which model made it, of which state of the catalogue, and the name of the index
    index-*.faiss   vectors by the ids of tools; named in about.json, so that both change at once
    vectors.bin     the vectors by their texts (see `dedup/kept.py`): only what changed is embedded again

Up to some ten thousand tools every vector is compared, as float16. Of more, those of the nearest of some
hundred cells are, a byte for each of their numbers: 70 MB for 175,000 tools, which are mapped, not read.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funcdex.dedup.index import FloatArray, RowArray
from funcdex.errors import CatalogueError

FORMAT = 1
EXACT_UP_TO = 20_000
_CELLS_LOOKED_AT = 24
TRAINED_ON_EACH = 48
"""Vectors that the place of a cell is found with."""
_LARGEST_ABOUT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class About:
    """What an index was made of. `state`: of the catalogue, see `texts.py`; `index`: the name of its file."""

    model: str
    dimension: int
    tools: int
    state: str
    index: str
    format: int = FORMAT


def folder_of(catalog: Path) -> Path:
    """Where the index of a catalogue lies."""
    return catalog.with_name(f"{catalog.name}.meaning")


def read_about(folder: Path) -> About | None:
    """What the folder says of its index; None if there is none, or none that can be believed."""
    try:
        with (folder / "about.json").open("rb") as opened:
            value = json.loads(opened.read(_LARGEST_ABOUT_BYTES))
        about = About(**value)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    texts = all(isinstance(one, str) for one in (about.model, about.state, about.index))
    plain = texts and about.index == Path(about.index).name
    return about if plain and about.format == FORMAT and isinstance(about.dimension, int) else None


def cells_for(tools: int) -> int:
    """Into how many cells the vectors of so many tools are put; 0: every one is compared."""
    return 0 if tools <= EXACT_UP_TO else 2 ** max(6, round(np.log2(1.2 * np.sqrt(tools))))


def new_index(dimension: int, cells: int, sample: FloatArray) -> Any:
    """An empty index that takes ids. `sample`: vectors that the cells are placed by."""
    faiss = importlib.import_module("faiss")
    product, kinds = faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer
    if not cells:
        flat = faiss.IndexScalarQuantizer(dimension, kinds.QT_fp16, product)
        flat.train(np.zeros((1, dimension), np.float32))
        return faiss.IndexIDMap2(flat)
    centres = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFScalarQuantizer(centres, dimension, cells, kinds.QT_8bit, product)
    index.train(sample)
    return index


def save(folder: Path, index: Any, about: About) -> None:
    """Puts an index in the place of the one that is there; a reader sees either, whole. Raises
    CatalogueError."""
    faiss = importlib.import_module("faiss")
    try:
        unfinished = folder / f"{about.index}.new"
        faiss.write_index(index, str(unfinished))
        os.replace(unfinished, folder / about.index)
        (folder / "about.json.new").write_text(json.dumps(asdict(about)), "utf-8")
        os.replace(folder / "about.json.new", folder / "about.json")
        for old in folder.glob("index-*.faiss*"):
            if old.name != about.index:
                old.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        raise CatalogueError(
            f"the index of meanings cannot be written: {error}",
            where=str(folder),
            fix="Is there room on the disk, and may the folder be written?",
        ) from error


class MeaningIndex:
    """An index that is searched. Raises CatalogueError if its file cannot be read."""

    def __init__(self, folder: Path, about: About) -> None:
        faiss = importlib.import_module("faiss")
        try:
            flags = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if cells_for(about.tools) else 0
            self._index = faiss.read_index(str(folder / about.index), flags)
        except (OSError, RuntimeError) as error:
            raise _damaged(folder) from error
        if self._index.d != about.dimension:
            raise _damaged(folder)
        if hasattr(self._index, "nprobe"):
            self._index.nprobe = _CELLS_LOOKED_AT

    def near(self, vector: FloatArray, most: int) -> dict[int, float]:
        """Ids of the tools nearest to a vector (float32, shape (d,), norm 1), with their cosines."""
        cosines: FloatArray
        ids: RowArray
        cosines, ids = self._index.search(vector[None], most)
        pairs: Sequence[tuple[Any, Any]] = list(zip(ids[0], cosines[0], strict=True))
        return {int(id): float(cosine) for id, cosine in pairs if id >= 0}


def _damaged(folder: Path) -> CatalogueError:
    fix = "Make it again: delete the folder, then funcdex tools embed --catalog FILE."
    return CatalogueError("the index of meanings is damaged", where=str(folder), fix=fix)
