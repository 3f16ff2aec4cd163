"""Which charts a load test makes: what is drawn against what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from funcdex.bench.metrics import in_flight_over_time
from funcdex.bench.result import Constraint, Result, Round
from funcdex.bench.summary import Point, Summary
from funcdex.plots import COLOURS, Chart, Line

_MASKS_IN_THREADS = 128
_MOST_STEPS = 2000


def charts_of(result: Result, summary: Summary) -> list[Chart]:
    """Those for which something was measured."""
    return [chart for chart in _charts(result, summary) if not chart.empty]


def _charts(result: Result, summary: Summary) -> Iterable[Chart]:
    knee = [(float(summary.knee), "knee")] if summary.knee else []
    marks = [*knee, *([(float(_MASKS_IN_THREADS), "128")] if summary.knee != _MASKS_IN_THREADS else [])]

    def chart(title: str, unit: str, *curves: tuple[str, Callable[[Point], float | None]]) -> Chart:
        lines = _by_concurrency(summary.points, curves)
        return Chart(title, lines, "in flight, each endpoint", unit, doubling=True, marked_x=marks)

    yield chart("Output tokens", "tokens/s", ("", lambda p: p.figures.output_tokens_per_s))
    yield chart(
        "Requests and goodput",
        "requests/s",
        ("", lambda p: p.figures.requests_per_s),
        ("good", lambda p: p.figures.goodput_per_s),
    )
    yield chart(
        "Time to first token",
        "s",
        ("p50", lambda p: p.figures.ttft_s.p50),
        ("p99", lambda p: p.figures.ttft_s.p99),
    )
    yield chart(
        "Time between tokens",
        "ms",
        ("p50", lambda p: _ms(p.figures.itl_s.p50)),
        ("p99", lambda p: _ms(p.figures.itl_s.p99)),
    )
    yield chart(
        "End to end",
        "s",
        ("p50", lambda p: p.figures.latency_s.p50),
        ("p99", lambda p: p.figures.latency_s.p99),
    )
    yield chart("Grammar tax", "tokens/s without / with", ("", _tax_of(summary)))
    yield _in_flight(result, summary)


def _by_concurrency(
    points: Sequence[Point], curves: Sequence[tuple[str, Callable[[Point], float | None]]]
) -> list[Line]:
    lines: list[Line] = []
    for place, constraint in enumerate(dict.fromkeys(point.constraint for point in points)):
        for number, (name, value) in enumerate(curves):
            found = [(float(p.concurrency), value(p)) for p in points if p.constraint == constraint]
            known = [(x, y) for x, y in found if y is not None]
            label = f"{constraint} {name}".strip()
            if known:
                lines.append(Line(label, known, COLOURS[place % len(COLOURS)], dashed=number > 0))
    return lines


def _tax_of(summary: Summary) -> Callable[[Point], float | None]:
    taxes: dict[tuple[Constraint, int], float | None] = {
        (tax.constraint, tax.concurrency): tax.throughput for tax in summary.taxes
    }
    return lambda point: taxes.get((point.constraint, point.concurrency))


def _in_flight(result: Result, summary: Summary) -> Chart:
    """The first round of each constraint at the knee."""
    rounds: dict[Constraint, Round] = {}
    for one in result.rounds:
        if one.concurrency == summary.knee:
            rounds.setdefault(one.constraint, one)
    lines = [
        Line(name, _thinned(in_flight_over_time(one.samples)), COLOURS[place % len(COLOURS)], step=True)
        for place, (name, one) in enumerate(rounds.items())
    ]
    title = f"In flight over time, all endpoints, {summary.knee} each"
    return Chart(title, lines, "s", "requests")


def _thinned(course: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    every = -(-len(course) // _MOST_STEPS) or 1
    kept = [*course[::every], *course[-1:]]
    return [(at_s, float(count)) for at_s, count in kept]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
