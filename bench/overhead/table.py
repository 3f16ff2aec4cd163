"""The table of costs and the verdicts over them, from figures as they are recorded."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from overhead.measure import Cost
from record import spread_of, verdict

BASE, POOL, PIPELINE = "httpx over aiohttp", "funcdex pool", "funcdex pipeline"
UNCHECKED = "funcdex pipeline, unchecked"
MOST_POOL_MS, MOST_PIPELINE_MS = 0.6, 1.0
MOST_TIMES_BASE, LEAST_TIMES_CHEAPER = 1.4, 2.5

HEAD = (
    "| client | CPU a request | lowest to highest | pool = 1 | requests asked, served | most in flight "
    "| span | start-up CPU | memory |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def figures_of(
    costs: Sequence[Cost], failed: Mapping[str, str], peers: Mapping[str, str], requests: int, in_flight: int
) -> dict[str, Any]:
    """What is recorded; `peers` are names and versions of other tools."""
    rows = {}
    for cost in costs:
        last, name = cost.rounds[-1], cost.client.name
        rows[name] = {
            "cpu_ms": spread_of(cost.cpu_ms),
            "children_cpu_ms": round(cost.children_ms, 4),
            "parts_ms": {part: round(ms, 4) for part, ms in cost.reported_ms.items()},
            "served": last.counts.served,
            "start_up": {"asked": cost.client.least, "served": cost.start_up.counts.served},
            "most_in_flight": max(run.counts.most_in_flight for run in cost.rounds),
            "span_s": round(cost.span_s, 2),
            "start_up_cpu_s": round(cost.start_up.cpu_s, 2),
            "rss_mb": round(statistics.median(run.rss_mb for run in cost.rounds)),
            "rounds": len(cost.rounds),
            "peer": peers.get(name),
        }
    return {"requests": requests, "in_flight": in_flight, "clients": rows, "failed": dict(failed)}


def table(figures: Mapping[str, Any]) -> Iterator[str]:
    """In Markdown."""
    clients = figures["clients"]
    pool_ms = clients.get(POOL, {}).get("cpu_ms", {}).get("median")
    yield HEAD
    for name, row in clients.items():
        spread = row["cpu_ms"]
        times = f"{spread['median'] / pool_ms:.2f}" if pool_ms else ""
        yield (
            f"| {label(name, row)} | {spread['median']:.2f} ms "
            f"| {spread['lowest']:.2f} to {spread['highest']:.2f} | {times} "
            f"| {figures['requests']:,}, {row['served']:,} | {row['most_in_flight']} | {row['span_s']:.1f} s "
            f"| {row['start_up_cpu_s']:.1f} s | {row['rss_mb']:.0f} MB |"
        )
    for name, why in figures["failed"].items():
        yield f"| {name} | left out: {why} | | | | | | | |"


def label(name: str, row: Mapping[str, Any]) -> str:
    """The client's name, for a peer with its version."""
    return f"{name} {row['peer']}" if row["peer"] else name


def parts(figures: Mapping[str, Any]) -> Iterator[str]:
    """Of what the pipeline's milliseconds consist, as far as it is told apart."""
    row = figures["clients"].get(PIPELINE)
    if row:
        told = ", ".join(f"{name} {ms:.3f} ms" for name, ms in row["parts_ms"].items())
        yield f"of the pipeline's request: {told}; children, apart: {row['children_cpu_ms']:.3f} ms"


def verdicts(figures: Mapping[str, Any]) -> Iterator[str]:
    """Each target, as far as what it is about was measured."""
    medians = {name: row["cpu_ms"]["median"] for name, row in figures["clients"].items()}
    if POOL in medians:
        yield verdict("pool, ms of CPU a request", medians[POOL], MOST_POOL_MS)
    if POOL in medians and BASE in medians:
        yield verdict(f"pool, times {BASE}", medians[POOL] / medians[BASE], MOST_TIMES_BASE)
    if PIPELINE in medians:
        yield verdict("whole pipeline with journal, ms a request", medians[PIPELINE], MOST_PIPELINE_MS)
    peers = {name: medians[name] for name, row in figures["clients"].items() if row["peer"]}
    if peers:
        best = min(peers, key=lambda name: peers[name])
        cheaper = peers[best] / medians[POOL]
        yield verdict(f"pool, times cheaper than {best}", cheaper, LEAST_TIMES_CHEAPER, at_least=True)
    for name, row in figures["clients"].items():
        few = row["start_up"]
        if row["served"] - few["served"] != figures["requests"] - few["asked"]:
            yield f"{name}: the server counted {row['served']:,} requests, not {figures['requests']:,}"
