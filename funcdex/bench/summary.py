"""The figures of a whole load test, for the table, the report and the comparison alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funcdex.bench.knee import knee
from funcdex.bench.metrics import Figures, evenness, figures_of, median, steady_state
from funcdex.bench.projection import Projection, project
from funcdex.bench.result import CONSTRAINTS, Constraint, Result, Round

LENGTHS_DIFFER = 1.5
"""Factor between the mean lengths of answers from which on their tokens/s do not compare."""
BUSY_CLIENT = 0.8
"""Share of a core beyond which funcdex itself may have been the bottleneck."""


@dataclass(frozen=True, slots=True)
class Point:
    """One constraint at one concurrency. Of the lists, one figure a repeat; `waiting` is the most requests
    that the servers said were waiting, None where none says."""

    constraint: Constraint
    concurrency: int
    figures: Figures
    by_endpoint: Mapping[str, Figures]
    tokens_per_s: tuple[float, ...]
    evenness: float | None
    waiting: int | None
    preemptions: int | None
    client_cpu: float


@dataclass(frozen=True, slots=True)
class Tax:
    """What a grammar costs: `throughput` is tokens/s without a grammar by tokens/s with it, `mask` the gap
    between tokens with it by the gap without; 1 is free, 2 is twice the price. None: not measured.
    `tokens` are those of a mean answer without and with it."""

    constraint: Constraint
    concurrency: int
    throughput: float | None
    mask: float | None
    tokens: tuple[float, float] | None = None

    @property
    def lengths_differ(self) -> bool:
        """Then `throughput` tells more of prompts than of grammars."""
        return self.tokens is not None and max(self.tokens) > LENGTHS_DIFFER * min(self.tokens)


@dataclass(frozen=True, slots=True)
class Compile:
    """Medians over fresh grammars at one endpoint, in seconds. `share`: of what a conversation takes."""

    endpoint: str
    constraint: Constraint
    grammars: int
    fresh_s: float
    repeated_s: float
    grammar_bytes: int
    share: float | None

    @property
    def compile_s(self) -> float:
        """What first use takes longer; a difference of noise may be below 0."""
        return self.fresh_s - self.repeated_s


@dataclass(frozen=True, slots=True)
class Advice:
    """The limit to set for one endpoint. `best_tokens_per_s` is the most of all concurrencies."""

    endpoint: str
    max_in_flight: int
    tokens_per_s: float
    best_tokens_per_s: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All of it. `deciding` is the constraint that `knee` and `advice` are about, the strictest measured."""

    points: tuple[Point, ...]
    taxes: tuple[Tax, ...]
    compiles: tuple[Compile, ...]
    deciding: Constraint
    knee: int | None
    advice: tuple[Advice, ...]
    projection: Projection | None
    notes: tuple[str, ...]


def summarise(result: Result) -> Summary:
    """Everything here follows from the samples."""
    points = tuple(_point(rounds, result) for rounds in _grouped(result.rounds))
    deciding = max(result.setup.constraints, key=CONSTRAINTS.index)
    decisive = [point for point in points if point.constraint == deciding]
    rates = {point.concurrency: point.figures.output_tokens_per_s for point in decisive}
    best = knee(rates) if rates else None
    at_knee = next((point for point in decisive if point.concurrency == best), None)
    return Summary(
        points=points,
        taxes=tuple(_tax(point, points) for point in points if point.constraint != "none"),
        compiles=tuple(_compiles(result, at_knee)),
        deciding=deciding,
        knee=best,
        advice=tuple(_advice(endpoint.url, decisive) for endpoint in result.endpoints if decisive),
        projection=_projection(result, at_knee),
        notes=(*result.notes, *_remarks(result, points)),
    )


def _grouped(rounds: Sequence[Round]) -> list[list[Round]]:
    """By concurrency, then from the freest constraint to the strictest."""
    groups: dict[tuple[int, int], list[Round]] = {}
    for one in rounds:
        groups.setdefault((one.concurrency, CONSTRAINTS.index(one.constraint)), []).append(one)
    return [groups[key] for key in sorted(groups)]


def _point(rounds: Sequence[Round], result: Result) -> Point:
    limits, first = result.setup.limits, rounds[0]
    warm_up = first.concurrency * len(result.endpoints)
    windows = [(one.samples, steady_state(one.samples, warm_up)) for one in rounds]
    by_endpoint = {
        endpoint.url: figures_of(
            [
                ([one for one in samples if one.endpoint == endpoint.url], window)
                for samples, window in windows
            ],
            limits,
        )
        for endpoint in result.endpoints
    }
    loads = [load for one in rounds for load in one.loads]
    return Point(
        constraint=first.constraint,
        concurrency=first.concurrency,
        figures=figures_of(windows, limits),
        by_endpoint=by_endpoint,
        tokens_per_s=tuple(figures_of([one]).output_tokens_per_s for one in windows),
        evenness=evenness([figures.output_tokens_per_s for figures in by_endpoint.values()]),
        waiting=max((load.waiting for load in loads), default=None),
        preemptions=_preemptions(rounds),
        client_cpu=max(one.client_cpu for one in rounds),
    )


def _preemptions(rounds: Sequence[Round]) -> int | None:
    """How many there were during the rounds."""
    total = None
    for one in rounds:
        for url in {load.endpoint for load in one.loads}:
            told = [
                load.preemptions
                for load in one.loads
                if load.endpoint == url and load.preemptions is not None
            ]
            if told:
                total = (total or 0) + max(told) - min(told)
    return total


def _tax(point: Point, points: Sequence[Point]) -> Tax:
    free = next(
        (one for one in points if (one.constraint, one.concurrency) == ("none", point.concurrency)), None
    )
    if free is None:
        return Tax(point.constraint, point.concurrency, None, None)
    return Tax(
        point.constraint,
        point.concurrency,
        throughput=ratio(free.figures.output_tokens_per_s, point.figures.output_tokens_per_s),
        mask=ratio(point.figures.itl_s.p50, free.figures.itl_s.p50),
        tokens=(free.figures.mean_tokens, point.figures.mean_tokens),
    )


def _compiles(result: Result, at_knee: Point | None) -> list[Compile]:
    latency_s = at_knee.figures.latency_s.p50 if at_knee else None
    found: list[Compile] = []
    for url, constraint in dict.fromkeys((one.endpoint, one.constraint) for one in result.first_uses):
        uses = [one for one in result.first_uses if (one.endpoint, one.constraint) == (url, constraint)]
        fresh_s, repeated_s = median(one.fresh_s for one in uses), median(one.repeated_s for one in uses)
        assert fresh_s is not None and repeated_s is not None
        size = int(median(float(one.grammar_bytes) for one in uses) or 0)
        share = ratio(fresh_s - repeated_s, latency_s)
        found.append(Compile(url, constraint, len(uses), fresh_s, repeated_s, size, share))
    return found


def _advice(url: str, decisive: Sequence[Point]) -> Advice:
    rates = {point.concurrency: point.by_endpoint[url].output_tokens_per_s for point in decisive}
    place = knee(rates)
    return Advice(url, place, rates[place], max(rates.values()))


def _projection(result: Result, at_knee: Point | None) -> Projection | None:
    if at_knee is None:
        return None
    return project(
        result.setup.assumptions,
        tokens_per_s=at_knee.figures.output_tokens_per_s,
        mean_tokens=at_knee.figures.mean_tokens,
        endpoints=len(result.endpoints),
    )


def _remarks(result: Result, points: Sequence[Point]) -> list[str]:
    remarks: list[str] = []
    busy = [point for point in points if point.client_cpu > BUSY_CLIENT]
    if busy:
        most = max(point.client_cpu for point in busy)
        fewest = min(point.concurrency for point in busy)
        remarks.append(
            f"funcdex itself used up to {most:.0%} of a core, at {fewest} in flight or more: there the rates "
            "may be its own. Run it on another machine, or against fewer endpoints."
        )
    samples = [sample for one in result.rounds for sample in one.samples]
    if any(sample.estimated for sample in samples):
        remarks.append("a server gave no count of tokens; the pieces of its answers were counted instead.")
    streaming = {sample.endpoint for sample in samples if sample.first_token_s is not None}
    silent = {sample.endpoint for sample in samples if sample.fault is None} - streaming
    remarks += [
        f"{url} did not stream: its times to first token and between tokens are unknown."
        for url in sorted(silent)
    ]
    if any(endpoint.simulated for endpoint in result.endpoints):
        remarks.append("simulated endpoints: their pace is a setting, and says nothing of any model.")
    means = {point.constraint: point.figures.mean_tokens for point in points}
    if means and max(means.values()) > LENGTHS_DIFFER * min(means.values()):
        told = ", ".join(f"{name} {tokens:.0f}" for name, tokens in means.items())
        remarks.append(
            f"answers differ in length ({told} tokens): a short one has as long a prompt to be read, so "
            "their tokens/s do not compare, and the mask tells more of a grammar."
        )
    return remarks


def ratio(above: float | None, below: float | None) -> float | None:
    """None where either is unknown, or the divisor is 0."""
    return above / below if above is not None and below else None
