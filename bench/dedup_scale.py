"""The scenario guard's index at scale: each vector compared against the graph, and a resume from the file.

    python bench/dedup_scale.py [--up-to 200000] [--quick] [--sweep]

Two sets of vectors. `synthetic`: topics in a space of 96 dimensions of decreasing weight, plus noise in all
384, tuned to the cosines between real scenarios. `sentences`: vectors that the packaged model makes of
generated scenarios, each moved by the difference of two others. Asked for are `near` vectors, whose cosine to
a stored one is 0.86, 0.89, 0.91 and 0.95 (the default threshold lies at 0.90), and `new` ones from the same
source. Recall is the share of answers that name the same vector as the exact index. Rates are for a second of
CPU, so that they mean the same on a machine that has other work.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import numpy.typing as npt

from funcdex.dedup import index as index_module
from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.index import FloatArray, VectorIndex
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.meaning import EXACT_UP_TO, EmbeddingLayer
from funcdex.dedup.model_process import ModelProcess
from funcdex.off_loop import share_fairly

DIMENSION = 384
THRESHOLD = 0.95
NEAR = (0.86, 0.89, 0.91, 0.95)
BATCH = 64
ASKED = 512
ONE_BY_ONE = 32
AnyArray = npt.NDArray[np.floating[Any]]
Source = Callable[[int], FloatArray]

WHO = (
    "dentist,school secretary,freelance translator,festival organiser,brewery owner,hospital nurse,"
    "estate agent,youth football coach,museum curator,bakery manager,lab technician,tax adviser,librarian"
)
WHAT = (
    "moves all appointments of a sick colleague,collects unpaid invoices of the last quarter,"
    "shares the minutes of a meeting,plans a trip for nine people,answers complaints about late deliveries,"
    "prepares the documents of an audit,sorts photographs of an exhibition,announces a price change,"
    "orders spare parts from two suppliers,cleans up duplicate contacts,hands a project over to a successor"
)
WHY = (
    "because the deadline was moved to Friday,before the new director starts,after a storm closed the office,"
    "since the old system is switched off,as an inspector asked for it,ahead of the summer holidays,"
    "after an intern deleted a folder,since the budget was cut by a third"
)
BUT = (
    "Only messages with attachments count.,Amounts above 500 euros need a second signature.,"
    "Half of the names are spelt in two ways.,Some dates lie on public holidays.,A summary goes to us.,"
    "Nothing may be sent before noon.,The French office needs a copy.,Old versions are kept for a year."
)


def sentences(count: int) -> list[str]:
    """Scenarios put together from parts; all different."""
    dice, made = random.Random(0), dict[str, None]()
    who, what, why, but = (parts.split(",") for parts in (WHO, WHAT, WHY, BUT))
    while len(made) < count:
        ends = " ".join(dice.sample(but, 2))
        made[f"A {dice.choice(who)} {dice.choice(what)} {dice.choice(why)}. {ends}"] = None
    return list(made)


def synthetic(seed: int = 0) -> Source:
    """See the top of the file."""
    shape, draws = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    inner, topics = 96, 400
    weights = np.arange(1, inner + 1) ** -0.4
    axes = np.linalg.qr(shape.normal(size=(DIMENSION, inner + 1)))[0].T.astype(np.float32)
    spread = axes[1:] * (weights / np.linalg.norm(weights)).astype(np.float32)[:, None]
    centres = 0.65 * shape.standard_normal((topics, inner), dtype=np.float32)

    def draw(count: int) -> FloatArray:
        place = centres[draws.integers(topics, size=count)]
        place += 0.38 * draws.standard_normal((count, inner), dtype=np.float32)
        noise = draws.standard_normal((count, DIMENSION), dtype=np.float32)
        return stored(place @ spread + np.float32(0.55) * axes[0] + np.float32(0.33 / DIMENSION**0.5) * noise)

    return draw


def moved(real: FloatArray, seed: int = 0) -> Source:
    """See the top of the file."""
    draws = np.random.default_rng(seed)

    def draw(count: int) -> FloatArray:
        one, plus, minus = draws.integers(len(real), size=(3, count))
        return stored(real[one] + 0.45 * (real[plus] - real[minus]))

    return draw


def near(vectors: FloatArray, count: int) -> FloatArray:
    """Vectors at the cosines of NEAR to some of these: half towards another of them, half anywhere."""
    draws = np.random.default_rng(9)
    one, other = draws.integers(len(vectors), size=(2, count))
    base = unit(vectors[one])
    aside = across(vectors[other], base) + across(draws.standard_normal(base.shape, dtype=np.float32), base)
    cosine = np.resize(np.array(NEAR, np.float32), count)[:, None]
    return stored(cosine * base + np.sqrt(1 - cosine**2) * unit(aside))


def across(vectors: FloatArray, base: FloatArray) -> FloatArray:
    """The direction of each that is at right angles to its base."""
    return unit(vectors - (vectors * base).sum(1, keepdims=True) * base)


def unit(vectors: AnyArray) -> FloatArray:
    """Rows of norm 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: FloatArray = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def stored(vectors: AnyArray) -> FloatArray:
    """As the guard has them: norm 1, rounded to float16."""
    return unit(vectors).astype(np.float16).astype(np.float32)


class Measured:
    """An index, and what adding and asking cost."""

    def __init__(self, exact_up_to: int) -> None:
        self.index = VectorIndex(DIMENSION, exact_up_to)
        self.added_per_s = 0.0

    def add(self, vectors: FloatArray) -> None:
        """In batches, as the guard adds."""
        began_s = time.process_time()
        for at in range(0, len(vectors), BATCH):
            self.index.add(vectors[at : at + BATCH])
            self.index.build()
        self.added_per_s = len(vectors) / (time.process_time() - began_s)

    def ask(self, vectors: FloatArray, at_once: int = BATCH) -> tuple[FloatArray, list[int], float]:
        """Cosines, rows, and answers for a second of CPU."""
        began_s = time.process_time()
        parts = [self.index.nearest(vectors[at : at + at_once]) for at in range(0, len(vectors), at_once)]
        took_s = time.process_time() - began_s
        rows = [int(row) for _, part in parts for row in part]
        return np.concatenate([cosines for cosines, _ in parts]), rows, len(vectors) / took_s


def compare(name: str, source: Source, sizes: Sequence[int]) -> None:
    """Prints a row for each size."""
    exact, graph, size = Measured(10**9), Measured(0), 0
    for target in sizes:
        while size < target:
            vectors = source(min(10_000, target - size))
            size += len(vectors)
            exact.add(vectors)
            graph.add(vectors)
        figures = _figures(exact, graph, near(vectors, ASKED), source(ASKED))
        print(
            f"| {name} | {size:,} | {figures} | {graph.added_per_s:,.0f} "
            f"| {exact.index.bytes_per_vector:,} / {graph.index.bytes_per_vector:,} |",
            flush=True,
        )


def _figures(exact: Measured, graph: Measured, near_ones: FloatArray, new_ones: FloatArray) -> str:
    _, _, singly = exact.ask(near_ones[:ONE_BY_ONE], 1)
    truth, true_rows, together = exact.ask(near_ones)
    _, _, graph_singly = graph.ask(near_ones, 1)
    found, rows, graph_together = graph.ask(near_ones)
    _, true_new, _ = exact.ask(new_ones)
    _, new_rows, _ = graph.ask(new_ones)
    limit = 2 * THRESHOLD - 1
    return (
        f"{singly:,.0f} / {together:,.0f} | {graph_singly:,.0f} / {graph_together:,.0f} "
        f"| {_share(rows, true_rows):.3f} | {np.mean((found >= limit) == (truth >= limit)):.3f} "
        f"| {_share(new_rows, true_new):.3f}"
    )


def _share(found: Sequence[int], truth: Sequence[int]) -> float:
    return sum(one == other for one, other in zip(found, truth, strict=True)) / len(truth)


TABLE = (
    "\n| vectors | number | exact: answers/s singly / by 64 | graph: answers/s singly / by 64 | recall near "
    "| same decision near | recall new | graph: inserts/s, last 10,000 | exact / graph: bytes a vector |"
    "\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
RESUMED = (
    "\n| scenarios in the file | its size | ready to answer after | longest stall of an idle loop for 3 s "
    "| of this one until then | and while the graph is built, at most 20 s |"
    "\n| --- | --- | --- | --- | --- | --- |"
)


class Drawn:
    """An embedder that has a vector for each number."""

    def __init__(self, vectors: FloatArray) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """The vector of the text's last word; the probe of a file gets the first."""
        return self.vectors[[int(word) if (word := text.split()[-1]).isdigit() else 0 for text in texts]]


class Watched(EmbeddingLayer):
    """Tells whether its graph is built, or none is due."""

    whole = False

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        self.whole = not super().upkeep()
        return not self.whole


async def resume(count: int) -> None:
    """Prints how long a guard takes to be ready again with so many scenarios in one toolkit set."""
    vectors = synthetic()(count)
    filler = "A user wants the last invoices forwarded to their accountant, all of them, by Friday. " * 3
    texts = [f"{filler}{number}" for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.bin"
        with closing(KeptVectors(path, "drawn", Drawn(vectors))) as kept:
            for at in range(0, count, BATCH):
                kept.keep(texts[at : at + BATCH], vectors[at : at + BATCH])
        with closing(KeptVectors(path, "drawn", Drawn(vectors))) as kept:
            layer = Watched(Drawn(vectors), THRESHOLD, EXACT_UP_TO, kept)
            size_mb = (count * (16 + 2 * DIMENSION + 4)) / 1e6
            print(f"| {count:,} | {size_mb:,.0f} MB {await _restored(layer, texts)}", flush=True)


async def _restored(layer: Watched, texts: Sequence[str]) -> str:
    guard = ScenarioGuard([ExactLayer(), layer], {"gmail": texts})
    gc.collect()
    gc.freeze()  # As a session does.
    stalls: list[tuple[float, float]] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_heartbeat, stalls)
        await anyio.sleep(3)
        idle = _longest(stalls)
        stalls.clear()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        tasks.start_soon(guard.serve)
        assert await guard.admit("gmail", "again 0") is not None
        ready_s, ready = time.perf_counter() - began_s, _longest(stalls)
        ready_cpu_s = time.process_time() - began_cpu_s
        stalls.clear()
        while not layer.whole and time.perf_counter() - began_s < ready_s + 20:
            await guard.admit("gmail", f"once more {len(stalls) % 1000}")
        tasks.cancel_scope.cancel()
    gc.unfreeze()
    return f"| {ready_s:.1f} s ({ready_cpu_s:.1f} s of CPU) | {idle} | {ready} | {_longest(stalls)} |"


async def _heartbeat(stalls: list[tuple[float, float]]) -> None:
    """Seconds between two turns of the loop, and of CPU that this process used meanwhile."""
    last = time.perf_counter(), time.process_time()
    while True:
        await anyio.sleep(0.001)
        now = time.perf_counter(), time.process_time()
        stalls.append((now[0] - last[0], now[1] - last[1]))
        last = now


def _longest(stalls: Sequence[tuple[float, float]]) -> str:
    """Where the CPU is much less than the time, other processes had the cores."""
    took_s, _ = max(stalls, default=(0.0, 0.0))
    cpu_s = max((cpu_s for _, cpu_s in stalls), default=0.0)
    return f"{1000 * took_s:.0f} ms ({1000 * cpu_s:.0f} ms of CPU)"


@contextmanager
def parameters(links: int, to_insert: int, to_find: int) -> Iterator[None]:
    """Other parameters of the graph for indexes that are made inside."""
    names = ("LINKS", "LOOKED_AT_TO_INSERT", "LOOKED_AT_TO_FIND")
    before = [getattr(index_module, name) for name in names]
    for name, value in zip(names, (links, to_insert, to_find), strict=True):
        setattr(index_module, name, value)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(index_module, name, value)


def sweep(count: int) -> None:
    """The table for a choice of parameters."""
    for links, to_insert in ((16, 80), (32, 40), (32, 80), (32, 160)):
        for to_find in (64, 128, 256):
            with parameters(links, to_insert, to_find):
                name = f"M {links}, efConstruction {to_insert}, efSearch {to_find}"
                compare(name, synthetic(), [count])


def real_vectors(count: int) -> FloatArray:
    """What the packaged model makes of generated scenarios; prints how long that takes."""
    texts = sentences(count)
    with closing(ModelProcess("minilm", "cpu")) as model:
        began_s = time.perf_counter()
        model.encode(texts[:1])
        loaded_s = time.perf_counter() - began_s
        vectors = np.concatenate([model.encode(texts[at : at + BATCH]) for at in range(0, count, BATCH)])
        each_ms = 1000 * (time.perf_counter() - began_s - loaded_s) / count
    print(
        f"the sentence model loads in {loaded_s:.1f} s and takes {each_ms:.1f} ms a scenario, {BATCH} at once"
    )
    return vectors


def main() -> None:
    """Measures what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--up-to", type=int, default=200_000, help="most vectors in one index")
    parser.add_argument("--quick", action="store_true", help="5,000 vectors and 200 sentences: half a minute")
    parser.add_argument(
        "--sweep", action="store_true", help="the graph's parameters instead, at 50,000 vectors"
    )
    chosen = parser.parse_args()
    share_fairly()
    up_to = 5_000 if chosen.quick else chosen.up_to
    if chosen.sweep:
        print(TABLE)
        sweep(min(up_to, 50_000))
        return
    real = real_vectors(200 if chosen.quick else 1000)
    print(TABLE)
    sizes = [size for size in (10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000) if size < up_to]
    compare("synthetic", synthetic(), [*sizes, up_to])
    compare("sentences", moved(real), [min(up_to, 20_000)])
    print(RESUMED)
    for count in [size for size in (100_000,) if size < up_to] + [up_to]:
        anyio.run(resume, count)


if __name__ == "__main__":
    main()
