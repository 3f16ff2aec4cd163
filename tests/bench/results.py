"""Results of load tests that were never run, with figures one can work out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from funcdex.bench.metrics import Sample
from funcdex.bench.result import Constraint, Endpoint, FirstUse, Result, Round, Setup

URLS = ("http://a:1", "http://b:1")


def closed_loop(url: str, places: int, turns: int, seconds: float, tokens: int = 11) -> list[Sample]:
    """Every place sends its next request as the last one ends."""
    starts = [seconds * (turn + place / places) for turn in range(turns) for place in range(places)]
    return [
        Sample(url, at, at + seconds, at + seconds / 2, at + seconds, 5, tokens, longest_gap_s=0.1)
        for at in starts
    ]


def a_round(constraint: Constraint, concurrency: int, seconds: Mapping[str, float], repeat: int = 0) -> Round:
    """With so many seconds a request at each endpoint."""
    samples = [
        sample
        for url, each_s in seconds.items()
        for sample in closed_loop(url, concurrency, round(12 / each_s), each_s)
    ]
    return Round(constraint, concurrency, repeat, sorted(samples, key=lambda sample: sample.sent_s))


def result(
    rounds: Iterable[Round],
    *,
    constraints: tuple[Constraint, ...] = ("none", "schema"),
    urls: Iterable[str] = URLS,
    first_uses: Iterable[FirstUse] = (),
    model: str = "m",
    notes: Iterable[str] = (),
) -> Result:
    """A result of endpoints that serve one model."""
    setup = Setup(
        created_at="2026-01-01T00:00:00+00:00",
        funcdex="0",
        client="here",
        source="made of the tools",
        prompts="abc",
        constraints=constraints,
        requests=8,
        repeats=1,
        tool_sets=2,
        max_tokens=100,
        seed=0,
    )
    endpoints = [Endpoint(url, "vllm", "0.32.0", model, 8192, None, "lark", simulated=False) for url in urls]
    return Result(setup, endpoints, list(rounds), list(first_uses), list(notes))
