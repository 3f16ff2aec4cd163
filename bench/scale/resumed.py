"""A resume with many scenarios kept: when the guard answers, how it answers while its graph is built."""

from __future__ import annotations

import gc
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np
from scale.vectors import synthetic

from funcdex.dedup.exact import ExactLayer
from funcdex.dedup.guard import ScenarioGuard
from funcdex.dedup.index import FloatArray
from funcdex.dedup.kept import KeptVectors
from funcdex.dedup.likeness import LikenessLayer
from funcdex.dedup.meaning import EXACT_UP_TO, MeaningFinder
from funcdex.dedup.rules import OFF, Thresholds

THRESHOLD = 0.95
ASKED_PER_S = 33
"""What the busiest run that we can imagine asks for."""
KNOWN = 1000
"""Texts that are asked about again."""
STEP = 10_240


@dataclass(frozen=True)
class Resume:
    """What was measured. `stall` is the longest time between two turns of the event loop."""

    scenarios: int
    file_mb: float
    ready_s: float
    ready_cpu_s: float
    stall_until_ready_ms: float
    idle_stall_ms: float
    watched_s: float
    watched_cpu_s: float
    into_graph: int
    whole: bool
    answered: int
    answer_median_ms: float
    answer_slowest_ms: float
    stall_while_built_ms: float
    begun_mb: float
    ready_mb: float
    watched_mb: float

    def line(self) -> str:
        """As in the table of HEAD."""
        built = "whole" if self.whole else f"{self.into_graph:,} rows"
        return (
            f"| {self.scenarios:,} | {self.file_mb:,.0f} MB "
            f"| {self.ready_s:.1f} s ({self.ready_cpu_s:.1f} s of CPU) | {self.idle_stall_ms:.0f} "
            f"/ {self.stall_until_ready_ms:.0f} / {self.stall_while_built_ms:.0f} ms "
            f"| {built} after {self.watched_s:.0f} s ({self.watched_cpu_s:.0f} s of CPU) "
            f"| {self.answered / self.watched_s:.0f} "
            f"| {self.answer_median_ms:,.0f} / {self.answer_slowest_ms:,.0f} ms "
            f"| {self.begun_mb:,.0f} / {self.ready_mb:,.0f} / {self.watched_mb:,.0f} MB |"
        )


HEAD = (
    "\n| scenarios in the file | its size | ready to answer after | longest stall of the loop: idle "
    f"/ until ready / while built | graph | answers/s, of {ASKED_PER_S} asked | median / slowest answer "
    "| memory: texts read / ready / then |\n|" + " --- |" * 8
)


class Drawn:
    """An embedder that has a vector for each of KNOWN numbers."""

    def __init__(self, vectors: FloatArray) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """The vector of the text's last word; the probe of a file gets the first."""
        return self.vectors[[int(word) if (word := text.split()[-1]).isdigit() else 0 for text in texts]]


class Watched(LikenessLayer):
    """Tells how far its graph is. It decides by vectors alone."""

    whole = False

    def __init__(self, finder: MeaningFinder) -> None:
        super().__init__([finder], Thresholds(words=OFF, rouge_l=OFF, embedding=THRESHOLD))
        self._finder = finder

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        self.whole = not super().upkeep()
        return not self.whole

    @property
    def in_graph(self) -> int:
        """Rows, of all groups."""
        return sum(index.in_graphs for index in self._finder.indexes.values())


class Pulse:
    """Turns of the event loop that were late."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def beat(self) -> None:
        """Until cancelled."""
        last = time.perf_counter()
        while True:
            await anyio.sleep(0.001)
            now = time.perf_counter()
            self.longest_s, last = max(self.longest_s, now - last), now

    def longest_ms(self) -> float:
        """Since it was asked last."""
        longest_s, self.longest_s = self.longest_s, 0.0
        return 1000 * longest_s


async def resume(count: int, watch_s: float) -> Resume:
    """Fills a file with so many scenarios of one toolkit set, and makes a guard of them."""
    with tempfile.TemporaryDirectory() as folder:
        path, known = Path(folder) / "vectors.bin", synthetic()(KNOWN)
        filler = "A user wants the last invoices forwarded to their accountant, all of them, by Friday. " * 3
        texts = [f"{filler}{number}" for number in range(count)]
        _fill(path, texts, known)
        with closing(KeptVectors(path, "drawn", Drawn(known))) as kept:
            layer = Watched(MeaningFinder(Drawn(known), EXACT_UP_TO, kept))
            return await _resumed(layer, texts, path.stat().st_size / 1e6, watch_s)


def _fill(path: Path, texts: Sequence[str], known: FloatArray) -> None:
    source = synthetic(2)
    with closing(KeptVectors(path, "drawn", Drawn(known))) as kept:
        kept.keep(texts[:KNOWN], known)
        for at in range(KNOWN, len(texts), STEP):
            part = texts[at : at + STEP]
            kept.keep(part, source(len(part)))


async def _resumed(layer: Watched, texts: Sequence[str], file_mb: float, watch_s: float) -> Resume:
    guard, pulse = ScenarioGuard([ExactLayer(), layer], {"gmail": texts}), Pulse()
    begun_mb = memory_mb()
    gc.collect()
    gc.freeze()  # As a session does.
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pulse.beat)
        await anyio.sleep(3)
        idle_ms = pulse.longest_ms()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        tasks.start_soon(guard.serve)
        assert await guard.admit("gmail", "again 0") is not None
        ready_s, ready_cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        ready_ms, ready_mb = pulse.longest_ms(), memory_mb()
        answers_s = await _asked(guard, layer, watch_s)
        watched_s = time.perf_counter() - began_s - ready_s
        watched_cpu_s = time.process_time() - began_cpu_s - ready_cpu_s
        tasks.cancel_scope.cancel()
    gc.unfreeze()
    return Resume(
        scenarios=len(texts),
        file_mb=file_mb,
        ready_s=ready_s,
        ready_cpu_s=ready_cpu_s,
        stall_until_ready_ms=ready_ms,
        idle_stall_ms=idle_ms,
        watched_s=watched_s,
        watched_cpu_s=watched_cpu_s,
        into_graph=layer.in_graph,
        whole=layer.whole,
        answered=len(answers_s),
        answer_median_ms=1000 * float(np.median(answers_s)),
        answer_slowest_ms=1000 * max(answers_s),
        stall_while_built_ms=pulse.longest_ms(),
        begun_mb=begun_mb,
        ready_mb=ready_mb,
        watched_mb=memory_mb(),
    )


async def _asked(guard: ScenarioGuard, layer: Watched, watch_s: float) -> list[float]:
    """Asks until the graph is whole, or time is over; the seconds each answer took that came until then."""
    answers_s: list[float] = []

    async def ask(number: int) -> None:
        began_s = time.perf_counter()
        assert await guard.admit("gmail", f"once more {number % KNOWN}") is not None
        answers_s.append(time.perf_counter() - began_s)

    began_s = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        asked = 0
        while not (answers_s and layer.whole) and time.perf_counter() - began_s < watch_s:
            while asked < (time.perf_counter() - began_s) * ASKED_PER_S:
                tasks.start_soon(ask, asked)
                asked += 1
            await anyio.sleep(1 / ASKED_PER_S)
        tasks.cancel_scope.cancel()
    return answers_s


def memory_mb() -> float:
    """Of this process, resident."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
