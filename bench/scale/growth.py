"""One set of vectors growing in two indexes: one that compares each, which is the truth, and the graph."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from scale.vectors import BATCH, DIMENSION, Source, near

from funcdex.dedup.index import FloatArray, RowArray, VectorIndex, compare_in_one_thread

THRESHOLD_COSINE = 0.9
"""Of `dedup.similarity_threshold` 0.95."""
NEAR_ASKED = 2048
NEW_ASKED = 512
SINGLY_ASKED = 256
TO_FIND = (128, 256, 512)
"""Values of efSearch."""
STEP = 10_000
SAMPLED = 16
"""Every so many of the vectors may get a question planted near to it."""


@dataclass(frozen=True)
class Found:
    """What the graph answered with one efSearch. Rates are for a second of CPU."""

    to_find: int
    singly_per_s: float
    per_s: float
    recall_near: float
    same_decision: float
    recall_new: float


@dataclass(frozen=True)
class Row:
    """What was measured at one size."""

    vectors: int
    exact_per_s: float
    planted_is_nearest: float
    """Of the near questions: comparing each finds what they were planted at."""
    inserts_per_s: float
    """Since the size before."""
    built_cpu_s: float
    bytes_per_vector: int
    found: tuple[Found, ...]

    def lines(self) -> str:
        """As in the table of HEAD."""
        return "\n".join(
            f"| {self.vectors:,} | {self.exact_per_s:,.0f} | {self.planted_is_nearest:.4f} "
            f"| {self.inserts_per_s:,.0f} | {self.built_cpu_s:,.0f} | {self.bytes_per_vector:,} "
            f"| {one.to_find} | {one.singly_per_s:,.0f} / {one.per_s:,.0f} "
            f"| {one.recall_near:.4f} | {one.same_decision:.4f} | {one.recall_new:.4f} |"
            for one in self.found
        )


HEAD = (
    "\n| vectors | exact: answers/s by 64 | planted one is nearest | graph: inserts/s | s of CPU for all "
    "| bytes a vector | efSearch | answers/s singly / by 64 | recall near | same decision near | recall new |"
    "\n|" + " --- |" * 11
)


@dataclass
class Progress:
    """What a run that is stopped leaves in `folder`: its rows and its graph. The vectors are drawn again."""

    folder: Path
    rows: list[Row] = field(default_factory=list)
    cpu_s: float = 0.0
    graphs: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path) -> Progress:
        """What is there, or nothing."""
        path = folder / "progress.json"
        if not path.exists():
            return cls(folder)
        kept = json.loads(path.read_text())
        graphs = [faiss.read_index(str(folder / f"graph_{number}.faiss")) for number in range(kept["graphs"])]
        rows = [Row(**row | {"found": tuple(Found(**one) for one in row["found"])}) for row in kept["rows"]]
        return cls(folder, rows, kept["cpu_s"], graphs)

    @property
    def last(self) -> tuple[int, float]:
        """Size, and seconds of CPU up to there, of the last row."""
        return (self.rows[-1].vectors, self.rows[-1].built_cpu_s) if self.rows else (0, 0.0)

    def save(self) -> None:
        """Replaces what is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number, graph in enumerate(self.graphs):
            faiss.write_index(graph, str(self.folder / f"graph_{number}.faiss"))
        kept = {"rows": [asdict(row) for row in self.rows], "cpu_s": self.cpu_s, "graphs": len(self.graphs)}
        (self.folder / "progress.json").write_text(json.dumps(kept))

    def forget(self) -> None:
        """The run is over."""
        if self.folder.exists():
            shutil.rmtree(self.folder)


class Pair:
    """Both indexes, and a part of the rows to plant questions near to."""

    def __init__(self, graphs: list[Any]) -> None:
        compare_in_one_thread()
        self.exact, self.graph = VectorIndex(DIMENSION, 10**9), VectorIndex(DIMENSION, 0)
        self.graph.graphs = graphs
        self._sample: list[FloatArray] = []

    def add(self, vectors: FloatArray) -> float:
        """Adds to the graph what it does not have yet, in batches as the guard does; its seconds of CPU."""
        missing = vectors[max(0, len(self.graph) - len(self.exact)) :]
        self.exact.add(vectors)
        self._sample.append(vectors[::SAMPLED])
        began_s = time.process_time()
        for at in range(0, len(missing), BATCH):
            self.graph.add(missing[at : at + BATCH])
            self.graph.build()
        return time.process_time() - began_s

    def compared(self, new: FloatArray, cpu_s: float, before: tuple[int, float]) -> Row:
        """Asks both the same; `cpu_s` went into the graph so far, and `before` is `Progress.last`."""
        size, sample = len(self.exact), np.concatenate(self._sample)
        draws = np.random.default_rng(size)
        planted, others = draws.integers(len(sample), size=(2, NEAR_ASKED))
        asked = np.concatenate([near(sample[planted], sample[others], size), new])
        truth = _asked(self.exact, asked, len(asked))
        return Row(
            vectors=size,
            exact_per_s=_asked(self.exact, asked[:BATCH], BATCH)[2],
            planted_is_nearest=float(np.mean(truth[1][:NEAR_ASKED] == planted * SAMPLED)),
            inserts_per_s=(size - before[0]) / (cpu_s - before[1]),
            built_cpu_s=cpu_s,
            bytes_per_vector=_bytes_per_vector(self.graph.graphs),
            found=tuple(self._found(asked, truth[:2], to_find) for to_find in TO_FIND),
        )

    def _found(self, asked: FloatArray, truth: tuple[FloatArray, RowArray], to_find: int) -> Found:
        for graph in self.graph.graphs:
            graph.hnsw.efSearch = to_find
        _, _, singly_per_s = _asked(self.graph, asked[:SINGLY_ASKED], 1)
        cosines, rows, per_s = _asked(self.graph, asked, BATCH)
        right = rows == truth[1]
        same = (cosines >= THRESHOLD_COSINE) == (truth[0] >= THRESHOLD_COSINE)
        return Found(
            to_find=to_find,
            singly_per_s=singly_per_s,
            per_s=per_s,
            recall_near=float(np.mean(right[:NEAR_ASKED])),
            same_decision=float(np.mean(same[:NEAR_ASKED])),
            recall_new=float(np.mean(right[NEAR_ASKED:])),
        )


def grow(
    source: Source, new: Source, sizes: Sequence[int], progress: Progress, stop_at_s: float = float("inf")
) -> bool:
    """Prints rows for each size that the graph is not past; False if time was over before the last."""
    pair = Pair(progress.graphs)
    for row in progress.rows:
        print(row.lines(), flush=True)
    for size in sizes:
        while (left := size - len(pair.exact)) > 0:
            if time.monotonic() > stop_at_s:
                progress.graphs = pair.graph.graphs
                progress.save()
                print(f"\nAt {pair.graph.in_graphs:,} vectors; the same command goes on from here.")
                return False
            progress.cpu_s += pair.add(source(min(STEP, left)))
        if len(pair.graph) == size > progress.last[0]:
            progress.rows.append(pair.compared(new(NEW_ASKED), progress.cpu_s, progress.last))
            print(progress.rows[-1].lines(), flush=True)
    progress.forget()
    return True


def _asked(index: VectorIndex, vectors: FloatArray, at_once: int) -> tuple[FloatArray, RowArray, float]:
    """Cosines, rows, and answers for a second of CPU."""
    began_s = time.process_time()
    parts = [index.nearest(vectors[at : at + at_once]) for at in range(0, len(vectors), at_once)]
    took_s = time.process_time() - began_s
    cosines, rows = (np.concatenate(each)[:, 0] for each in zip(*parts, strict=True))
    return cosines, rows, len(vectors) / took_s


def _bytes_per_vector(graphs: Sequence[Any]) -> int:
    parts = [graph.hnsw for graph in graphs]
    links_bytes = sum(
        4 * part.neighbors.size() + 8 * part.offsets.size() + 4 * part.levels.size() for part in parts
    )
    return int(2 * DIMENSION + links_bytes / sum(graph.ntotal for graph in graphs))
