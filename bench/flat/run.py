"""A whole run that is looked at from inside: memory as it grows, how late the event loop is.

    python -m flat.run --url http://127.0.0.1:8000 --conversations 100000 --in-flight 4096 [--model]

All stages, grammars matched, conversations verified, the journal synced. Scenarios are compared by meaning:
with `--model` the sentence model makes their vectors, in its own process; without, vectors are drawn, which
takes the same memory here. Prints JSON.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import tempfile
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import anyio
import numpy as np
from overhead.mock import PIPELINE_MODEL
from rich.console import Console

from funcdex.dedup import model_process
from funcdex.dedup.index import FloatArray
from funcdex.order import order_from
from funcdex.session import carry_out
from funcdex.settings.tree import Settings
from funcdex.snapshot import TakeSnapshot

TICK_S = 0.005
LOOK_EVERY_S = 0.25
DIMENSION = 384
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


class DrawnVectors:
    """In place of the sentence model's process: unit vectors at random, as many numbers as the model has."""

    def __init__(self, name: str, device: str) -> None:
        self._rng = np.random.default_rng(1)

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """See `Embedder.encode`."""
        drawn = self._rng.standard_normal((len(texts), DIMENSION), np.float32)
        vectors: FloatArray = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        return vectors

    def stop(self) -> None:
        """Nothing to stop."""

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Looks:
    """What was seen: the most memory until each count of conversations had ended, requests, lateness.

    `rss_mb` is the most since half as many had ended: conversations go through their stages in waves, and
    what is in flight takes ten times as much in one stage as in another.
    `late_ms` has one entry a tick: how much later than asked for the loop came back. `own_ms` is what this
    thread itself computed meanwhile: where it is much less, another thread or another program had the core.
    """

    counts: Sequence[int]
    rss_mb: dict[int, float] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)
    most_in_flight: int = 0
    late_ms: array[float] = field(default_factory=lambda: array("f"))
    own_ms: array[float] = field(default_factory=lambda: array("f"))

    async def observe(self, take: TakeSnapshot) -> None:
        """Looks at a run until cancelled; an observer as `carry_out` takes them."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            while True:
                now = take()
                self.most_in_flight = max(self.most_in_flight, sum(e.in_flight for e in now.pool.endpoints))
                self._look_at_memory(now.settled)
                await anyio.sleep(LOOK_EVERY_S)

    def _look_at_memory(self, settled: int) -> None:
        rss_mb = _rss_mb()
        for count in self.counts:
            if count / 2 <= settled < count:
                self.rss_mb[count] = max(self.rss_mb.get(count, 0.0), rss_mb)
            elif settled >= count and count not in self.told:
                self.told.add(count)
                self.rss_mb.setdefault(count, rss_mb)
                sys.stderr.write(f"up to {count:,} conversations: {self.rss_mb[count]:.0f} MB\n")

    async def _tick(self) -> None:
        while True:
            began_s, own_s = time.perf_counter(), time.thread_time()
            await asyncio.sleep(TICK_S)
            late_s = time.perf_counter() - began_s - TICK_S
            self.late_ms.append(1e3 * late_s)
            self.own_ms.append(1e3 * min(late_s, time.thread_time() - own_s))

    def as_json(self) -> dict[str, object]:
        """For the one who asked."""
        return {
            "rss_mb": self.rss_mb,
            "most_in_flight": self.most_in_flight,
            "late_ms": _figures(self.late_ms),
            "own_ms": _figures(self.own_ms),
        }


def _figures(times_ms: Sequence[float]) -> dict[str, float]:
    p50, p99, most = np.percentile(np.asarray(times_ms), (50, 99, 100))
    return {"ticks": len(times_ms), "p50": round(p50, 2), "p99": round(p99, 2), "max": round(most, 2)}


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


def watched_run(url: str, conversations: int, in_flight: int, *, model: bool, counts: Sequence[int]) -> Looks:
    """Carries out a run in a folder below .bench/ that is removed."""
    if not model:
        vars(model_process)["ModelProcess"] = DrawnVectors
    asked = Settings.model_validate(
        {
            "endpoints": [f"{url};model={PIPELINE_MODEL}"],
            "toolkits": ["gmail"],
            "count": conversations,
            "grammar": {"max_tool_sets": 1},
            # The mock writes conversations of one kind.
            "generation": {"kinds": {"happy_path": 1}},
            # The mock's scenarios and conversations differ by a number only.
            "dedup": {"layers": ["embedding"], "similarity_threshold": 1.0, "conversations": False},
            "pool": {"max_in_flight": in_flight},
        }
    )
    looks = Looks(counts)
    folder = Path(__file__).resolve().parents[2] / ".bench"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="flat-") as run:
        order = order_from(Path(run), asked)
        loop = {"use_uvloop": find_spec("uvloop") is not None}  # As the command line does.
        work = partial(carry_out, order, Console(file=io.StringIO()), [looks.observe])
        ending = anyio.run(work, backend_options=loop)
    if ending.accepted < conversations:
        sys.exit(f"{ending.accepted} of {conversations} accepted: {dict(ending.rejected)}; {ending.fault}")
    return looks


def main() -> None:
    """Runs and prints."""
    import argparse

    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--url", required=True)
    options.add_argument("--conversations", type=int, required=True)
    options.add_argument("--in-flight", type=int, required=True)
    options.add_argument("--model", action="store_true")
    options.add_argument("--look-at", type=int, nargs="+", default=[])
    chosen = options.parse_args()
    looks = watched_run(
        chosen.url, chosen.conversations, chosen.in_flight, model=chosen.model, counts=chosen.look_at
    )
    print(json.dumps(looks.as_json()))


if __name__ == "__main__":
    main()
