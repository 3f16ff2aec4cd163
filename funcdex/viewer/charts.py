"""Where the lines of a chart run, in the units of its SVG. Colours are the style sheet's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH, HEIGHT = 960, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 26
_TICKS_Y = 4
_TICKS_X = 6


@dataclass(frozen=True, slots=True)
class Series:
    """A named line: its values at even steps."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as it is drawn: points of a polyline, and what it comes to."""

    name: str
    points: str
    mean: float
    most: float


@dataclass(frozen=True, slots=True)
class LineChart:
    """A chart from 0 upwards over time (UTC)."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    lines: Sequence[Drawn]
    ticks_x: Sequence[Tick]
    ticks_y: Sequence[Tick]


def line_chart(series: Sequence[Series], *, step_s: int, begun_s: int) -> LineChart:
    """Lines of equal length, whose first value is that of `begun_s` (seconds since 1970)."""
    count = max((len(one.values) for one in series), default=1)
    step_y = nice_step(max((max(one.values, default=0.0) for one in series), default=0.0) / _TICKS_Y)
    top = step_y * _TICKS_Y

    def x(place: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * place / max(1, count - 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(1.0, value / top), 1)

    lines = [
        Drawn(
            one.name,
            " ".join(f"{x(place)},{y(value)}" for place, value in enumerate(one.values)),
            sum(one.values) / max(1, len(one.values)),
            max(one.values, default=0.0),
        )
        for one in series
    ]
    every = max(1, math.ceil((count - 1) / _TICKS_X))
    ticks_x = [Tick(x(place), _time(begun_s + place * step_s)) for place in range(0, count, every)]
    ticks_y = [Tick(y(step_y * n), f"{step_y * n:,.6g}") for n in range(_TICKS_Y + 1)]
    return LineChart(WIDTH, HEIGHT, _LEFT, WIDTH - _RIGHT, HEIGHT - _BOTTOM, lines, ticks_x, ticks_y)


def nice_step(least: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= least * 0.999)


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M}"
