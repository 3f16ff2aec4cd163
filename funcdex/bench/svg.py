"""Line charts as SVG to stand inside a page: no script, no font, nothing from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 14, 46
_LEGEND_ROW, _LEGEND_COLUMNS = 16, 4
_TICKS = 5
# Told apart also by those who do not see red or green (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


@dataclass(frozen=True, slots=True)
class Line:
    """A named line; `step` draws it as stairs, `dashed` sets it back. Its points are (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    step: bool = False
    dashed: bool = False


def line_chart(
    title: str,
    lines: Sequence[Line],
    *,
    x_label: str,
    y_label: str,
    doubling: bool = False,
    marked_x: Sequence[tuple[float, str]] = (),
) -> str:
    """A chart from 0 upwards; "" if there is nothing to draw. With `doubling`, x is on a scale of powers of
    two. `marked_x` are upright lines with a word beside each."""
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    frame = _Frame.around(points, doubling, _TOP + _LEGEND_ROW * -(-len(lines) // _LEGEND_COLUMNS))
    body = [
        *_grid(frame, points),
        *(part for at, word in marked_x for part in _mark(frame, at, word)),
        *(_path(frame, line) for line in lines if line.points),
        *_legend(lines),
        f'<text x="{(WIDTH + _LEFT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text transform="translate(14 {HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>",
    ]
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">{"".join(body)}</svg></figure>'
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """From figures to places on the paper."""

    low_x: float
    high_x: float
    high_y: float
    doubling: bool
    top: float

    @classmethod
    def around(cls, points: Sequence[tuple[float, float]], doubling: bool, top: float) -> _Frame:
        xs = [_scaled(x, doubling) for x, _ in points]
        high_y = max(y for _, y in points)
        return cls(min(xs), max(xs), _round_up(high_y) if high_y > 0 else 1.0, doubling, top)

    def x(self, value: float) -> float:
        span = self.high_x - self.low_x
        share = (_scaled(value, self.doubling) - self.low_x) / span if span else 0.5
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - value / self.high_y * (HEIGHT - self.top - _BOTTOM)


def _scaled(x: float, doubling: bool) -> float:
    return math.log2(max(x, 1e-9)) if doubling else x


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5 or 5 times a power of ten, times the number of ticks."""
    step = value / _TICKS
    power = 10.0 ** math.floor(math.log10(step))
    nice = next(n for n in (1, 2, 2.5, 5, 10) if n * power >= step * (1 - 1e-9))
    return nice * power * _TICKS


def _grid(frame: _Frame, points: Sequence[tuple[float, float]]) -> Iterable[str]:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    for tick in range(_TICKS + 1):
        value = frame.high_y * tick / _TICKS
        y = frame.y(value)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    for value in _x_ticks(frame, points):
        x = frame.x(value)
        yield f'<line class="grid" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{value:g}</text>'


def _x_ticks(frame: _Frame, points: Sequence[tuple[float, float]]) -> list[float]:
    """What was measured where it doubles, else round numbers."""
    if frame.doubling:
        return sorted({x for x, _ in points})
    step = _round_up(frame.high_x - frame.low_x) / _TICKS if frame.high_x > frame.low_x else 1.0
    first = math.ceil(frame.low_x / step)
    return [round(place * step, 9) for place in range(first, math.floor(frame.high_x / step) + 1)]


def _mark(frame: _Frame, at: float, word: str) -> Iterable[str]:
    if not frame.low_x <= _scaled(at, frame.doubling) <= frame.high_x:
        return
    x = frame.x(at)
    yield f'<line class="mark" x1="{x:.1f}" y1="{frame.top}" x2="{x:.1f}" y2="{HEIGHT - _BOTTOM}"/>'
    yield f'<text class="mark" x="{x + 4:.1f}" y="{HEIGHT - _BOTTOM - 6}">{escape(word)}</text>'


def _path(frame: _Frame, line: Line) -> str:
    places = [(frame.x(x), frame.y(y)) for x, y in line.points]
    drawn = f"M{places[0][0]:.1f} {places[0][1]:.1f}"
    for x, y in places[1:]:
        drawn += f"H{x:.1f}V{y:.1f}" if line.step else f"L{x:.1f} {y:.1f}"
    dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{line.colour}"/>' for x, y in places)
    return f'<path d="{drawn}" fill="none" stroke="{line.colour}" stroke-width="1.8"{dashes}/>' + (
        "" if line.step else dots
    )


def _legend(lines: Sequence[Line]) -> Iterable[str]:
    width = (WIDTH - _LEFT - _RIGHT) / _LEGEND_COLUMNS
    for place, line in enumerate(lines):
        row, column = divmod(place, _LEGEND_COLUMNS)
        x, y = _LEFT + column * width, _TOP + _LEGEND_ROW * row
        dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
        yield (
            f'<line x1="{x:.0f}" y1="{y - 4}" x2="{x + 22:.0f}" y2="{y - 4}" stroke="{line.colour}" '
            f'stroke-width="2"{dashes}/><text x="{x + 27:.0f}" y="{y}">{escape(line.name)}</text>'
        )
