"""The scenario guard's index at scale: each vector compared against the graph, and a resume from the file.

    python bench/dedup_scale.py [--up-to 200000] [--minutes 9] [--quick | --sweep | --resume] [--record]

`near` are questions whose cosine to a stored vector is 0.86, 0.89, 0.91 or 0.95 (the default threshold lies
at 0.90), `new` ones come from the same source as what is stored. Recall is the share of answers that name the
same vector as comparing each. Rates are for a second of CPU, so that they mean the same on a machine that has
other work. What is not finished after `--minutes` is kept under .bench/, and the same command goes on with it
(exit status 3 until it is done). Which vectors: scale/vectors.py.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import anyio
from record import record, record_option
from scale import growth, resumed
from scale.growth import Progress, grow
from scale.vectors import moved, real_vectors, synthetic

from funcdex.dedup import index as index_module
from funcdex.off_loop import share_fairly

KEPT = Path(__file__).parents[1] / ".bench" / "dedup_scale"
SIZES = (10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
PACKAGES = ("faiss-cpu", "numpy")
STOPPED = 3


def sizes_to(most: int, sizes: tuple[int, ...] = SIZES) -> list[int]:
    """Those below `most`, and `most`."""
    return [*(size for size in sizes if size < most), most]


@contextmanager
def parameters(links: int, to_insert: int) -> Iterator[None]:
    """Other parameters of the graph for indexes that are made inside."""
    names = ("LINKS", "LOOKED_AT_TO_INSERT")
    before = [getattr(index_module, name) for name in names]
    for name, value in zip(names, (links, to_insert), strict=True):
        setattr(index_module, name, value)
    try:
        yield
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(index_module, name, value)


def sweep(count: int) -> None:
    """The table for a choice of parameters."""
    for links, to_insert in ((16, 80), (32, 40), (32, 80), (32, 160)):
        with parameters(links, to_insert):
            print(f"M {links}, efConstruction {to_insert}", growth.HEAD)
            grow(synthetic(), synthetic(3), [count], Progress(KEPT / "sweep"))


def compare(most: int, stop_at_s: float, recorded: bool) -> bool:
    """Up to `most` vectors; whether time was enough."""
    progress = Progress.of(KEPT / str(most))
    print("synthetic", growth.HEAD)
    if not grow(synthetic(), synthetic(3), sizes_to(most), progress, stop_at_s):
        return False
    if recorded:
        record("dedup_scale", {"rows": [asdict(row) for row in progress.rows]}, versions=PACKAGES)
    return True


def sentences(count: int, most: int) -> None:
    """The same for vectors of sentences; prints how long the model takes too."""
    real = real_vectors(count)
    print("sentences", growth.HEAD)
    grow(moved(real, 0), moved(real, 1), [most], Progress(KEPT / "sentences"))


def resumes(counts: list[int], watch_s: float, recorded: bool) -> None:
    """A row for each number of scenarios."""
    print(resumed.HEAD)
    rows = []
    for count in counts:
        rows.append(anyio.run(resumed.resume, count, watch_s))
        print(rows[-1].line(), flush=True)
    if recorded:
        record("dedup_resume", {"rows": [asdict(row) for row in rows]}, versions=PACKAGES)


def main() -> None:
    """Measures what the arguments ask for."""
    began_s = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--up-to", type=int, default=200_000, help="most vectors in one index")
    parser.add_argument("--minutes", type=float, default=9, help="time for the indexes; run again to go on")
    parser.add_argument("--watch", type=float, default=60, help="seconds to watch a resumed guard at most")
    parser.add_argument("--quick", action="store_true", help="5,000 vectors and 200 sentences: half a minute")
    parser.add_argument(
        "--sweep", action="store_true", help="the graph's parameters instead, at 50,000 vectors"
    )
    parser.add_argument("--resume", action="store_true", help="only the resume, with --up-to scenarios")
    record_option(parser)
    chosen = parser.parse_args()
    share_fairly()
    up_to = 5_000 if chosen.quick else chosen.up_to
    if chosen.sweep:
        sweep(min(up_to, 50_000))
        return
    if not chosen.resume:
        if not compare(up_to, began_s + 60 * chosen.minutes, chosen.record):
            sys.exit(STOPPED)
        sentences(200 if chosen.quick else 1000, min(up_to, 20_000))
    resumes([up_to] if chosen.resume else sizes_to(up_to, (100_000,)), chosen.watch, chosen.record)


if __name__ == "__main__":
    main()
