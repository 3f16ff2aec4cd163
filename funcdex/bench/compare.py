"""Two results of load tests side by side: what became faster, what slower, and what is only noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funcdex.bench.result import Constraint, Result
from funcdex.bench.summary import Point, ratio, summarise

Verdict = Literal["faster", "slower", "the same"]

WORTH_NAMING = 0.05
"""A change of the rate by less is none, however steady both were."""


@dataclass(frozen=True, slots=True)
class Change:
    """One constraint at one concurrency; ratios are now by before, None where one of them is unknown."""

    constraint: Constraint
    concurrency: int
    before_tokens_per_s: float
    now_tokens_per_s: float
    tokens_per_s: float | None
    ttft: float | None
    itl: float | None
    latency: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differences` are sentences on how the two were measured differently; empty if alike."""

    changes: tuple[Change, ...]
    differences: tuple[str, ...]


def compare(before: Result, now: Result) -> Comparison:
    """Of what both measured."""
    earlier = {(point.constraint, point.concurrency): point for point in summarise(before).points}
    changes = [
        _change(earlier[point.constraint, point.concurrency], point)
        for point in summarise(now).points
        if (point.constraint, point.concurrency) in earlier
    ]
    return Comparison(tuple(changes), tuple(_differences(before, now)))


def _change(before: Point, now: Point) -> Change:
    then, here = before.figures, now.figures
    return Change(
        now.constraint,
        now.concurrency,
        before_tokens_per_s=then.output_tokens_per_s,
        now_tokens_per_s=here.output_tokens_per_s,
        tokens_per_s=ratio(here.output_tokens_per_s, then.output_tokens_per_s),
        ttft=ratio(here.ttft_s.p50, then.ttft_s.p50),
        itl=ratio(here.itl_s.p50, then.itl_s.p50),
        latency=ratio(here.latency_s.p50, then.latency_s.p50),
        verdict=_verdict(before, now),
    )


def _verdict(before: Point, now: Point) -> Verdict:
    """A difference that the repeats of one result show among themselves is none."""
    worth = WORTH_NAMING * before.figures.output_tokens_per_s
    gained = now.figures.output_tokens_per_s - before.figures.output_tokens_per_s
    if gained > worth and min(now.tokens_per_s) > max(before.tokens_per_s):
        return "faster"
    if -gained > worth and max(now.tokens_per_s) < min(before.tokens_per_s):
        return "slower"
    return "the same"


def _differences(before: Result, now: Result) -> list[str]:
    pairs: dict[str, tuple[object, object]] = {
        "models": (_all(before, "model"), _all(now, "model")),
        "servers": (_servers(before), _servers(now)),
        "endpoints": (len(before.endpoints), len(now.endpoints)),
        "prompts": (before.setup.prompts, now.setup.prompts),
        "longest answer": (before.setup.max_tokens, now.setup.max_tokens),
        "requests": (before.setup.requests, now.setup.requests),
        "client": (before.setup.client, now.setup.client),
        "funcdex": (before.setup.funcdex, now.setup.funcdex),
    }
    return [f"{name}: {then}, now {here}" for name, (then, here) in pairs.items() if then != here]


def _all(result: Result, field: str) -> str:
    return ", ".join(sorted({str(getattr(endpoint, field)) for endpoint in result.endpoints}))


def _servers(result: Result) -> str:
    return ", ".join(sorted({f"{endpoint.kind} {endpoint.version}" for endpoint in result.endpoints}))
