"""Searches a catalogue for what people ask: how often the right tool is among the first five, and how fast.

    make catalog
    python bench/catalog_search.py [--catalog .bench/catalog.db] [--repeat 3] [--misses] [--record]

The queries and what is right for them: tests/catalogue/queries.jsonl. A query that no tool of the catalogue
is right for is not counted, and told. Each query is asked several times; its time is the median of wall
clock and of the processor's time, which on a busy machine are far apart. Words and weights were chosen with
these queries before the eyes; those of held_out_queries.jsonl, on other applications and in words that are
further from those of APIs, did not choose them, and are told apart.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from record import record, record_option, verdict
from searched.queries import HELD_OUT, QUERIES, Query, read_queries

from funcdex.catalogue.database import open_to_read
from funcdex.catalogue.reader import Catalogue, open_catalogue

FIRST = 5
_OPENINGS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: the rank of its first right tool, and its times."""

    query: Query
    rank: int | None
    found: tuple[str, ...]
    wall_ms: float
    processor_ms: float

    @property
    def is_hit(self) -> bool:
        """Whether it is among the first five."""
        return self.rank is not None and self.rank <= FIRST


def main() -> None:
    options = _options()
    openings_ms = [_opening_ms(options.catalog) for _ in range(_OPENINGS)]
    ids = _ids(options.catalog)
    with open_catalogue(options.catalog) as opened:
        asked, held_out = (
            [_asked(opened, query, options.repeat) for query in _answerable(file, ids)]
            for file in (QUERIES, HELD_OUT)
        )
    if options.misses:
        for one in asked:
            if not one.is_hit:
                sys.stdout.write(f"{one.query.text}: {', '.join(one.found)}\n")
    wall, processor = ([getattr(one, key) for one in asked] for key in ("wall_ms", "processor_ms"))
    figures = {
        "tools": len(ids),
        "size_mb": round(options.catalog.stat().st_size / 1e6, 1),
        "queries": len(asked),
        "hit_at_5_percent": _share(asked),
        "hit_at_1_percent": round(100 * sum(one.rank == 1 for one in asked) / len(asked), 1),
        "held_out_queries": len(held_out),
        "hit_at_5_percent_held_out": _share(held_out),
        "open_ms": round(statistics.median(openings_ms), 2),
        "p50_ms": round(statistics.median(wall), 2),
        "p95_ms": round(_p95(wall), 2),
        "p50_processor_ms": round(statistics.median(processor), 2),
        "p95_processor_ms": round(_p95(processor), 2),
    }
    for key, value in figures.items():
        sys.stdout.write(f"{key:20} {value}\n")
    sys.stdout.write(
        verdict("right tool among the first five, %", figures["hit_at_5_percent"], 90, at_least=True) + "\n"
    )
    sys.stdout.write(verdict("search, p50 of the processor's ms", figures["p50_processor_ms"], 20) + "\n")
    if options.record:
        record("catalog_search", figures)


def _share(asked: list[Asked]) -> float:
    """How many have a right tool among the first five, in percent."""
    return round(100 * sum(one.is_hit for one in asked) / len(asked), 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalog", type=Path, default=Path(".bench") / "catalog.db")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--misses", action="store_true", help="show what was found where the right tool was not"
    )
    record_option(parser)
    options = parser.parse_args()
    if not options.catalog.exists():
        parser.exit(0, f"{options.catalog} is not there: `make catalog` builds it\n")
    return options


def _opening_ms(path: Path) -> float:
    begun = time.perf_counter()
    open_to_read(path).close()
    return 1000 * (time.perf_counter() - begun)


def _ids(path: Path) -> list[str]:
    """TOOLKIT/TOOL of every tool."""
    statement = "SELECT toolkit.name || '/' || tool.name FROM tool JOIN toolkit ON toolkit.id = tool.toolkit"
    with closing(open_to_read(path)) as connection:
        return [id for (id,) in connection.execute(statement)]


def _answerable(file: Path, ids: list[str]) -> list[Query]:
    """The queries of a file that some tool of the catalogue is right for."""
    queries = list(read_queries(file))
    kept = [query for query in queries if any(map(query.is_right, ids))]
    for query in queries:
        if query not in kept:
            sys.stdout.write(f"not counted, no tool is right: {query.text}\n")
    return kept


def _asked(opened: Catalogue, query: Query, repeat: int) -> Asked:
    times = []
    for _ in range(repeat):
        wall, processor = time.perf_counter(), time.process_time()
        hits = opened.search(query.text, 2 * FIRST)
        times.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)))
    wall_ms, processor_ms = (statistics.median(column) for column in zip(*times, strict=True))
    return Asked(query, query.rank(hits), tuple(hit.id for hit in hits[:FIRST]), wall_ms, processor_ms)


def _p95(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=20)[-1]


if __name__ == "__main__":
    main()
