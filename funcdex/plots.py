"""Charts of lines and of bars, drawn by matplotlib: as SVG to stand inside a page, as one PNG of several.

matplotlib is imported only to draw. It is no part of a plain installation: `pip install 'funcdex[plots]'`.
"""

from __future__ import annotations

import importlib.util
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcdex.errors import ConfigError
from funcdex.printable import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart also by those who do not see red or green (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_SIZE_INCHES = (5.8, 3.2)
_COLUMNS = 2
_DPI = 120
_HEADROOM = 1.08
_STYLE: dict[str, Any] = {
    # A `$` in a name is a `$`, and no formula that may not parse.
    "text.parse_math": False,
    # Words stay words, which a page can search and a reader hears.
    "svg.fonttype": "none",
    "svg.hashsalt": "funcdex",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A named line; `step` draws it as stairs, `dashed` sets it back. Its points are (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    step: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart from 0 upwards. With `doubling`, x is on a scale of powers of two. `marked_x` are upright lines
    with a word beside each; those outside of what is drawn are left out."""

    title: str
    lines: Sequence[Line]
    x_label: str
    y_label: str
    doubling: bool = False
    marked_x: Sequence[tuple[float, str]] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(line.points for line in self.lines)


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars beside one another for each name, one for each series: (what it is, a value for each name). Lying,
    the first name on top, where `lying`, for names that are words."""

    title: str
    names: Sequence[str]
    series: Sequence[tuple[str, Sequence[float]]]
    label: str
    names_label: str = ""
    lying: bool = True

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.names or not any(value for _, values in self.series for value in values)


Drawing = Chart | Bars
_LONGEST_NAME = 28
_MOST_STEPS = 24
_FEWEST_PLACES = 4
"""One or two bars alone are not drawn as thick as the chart."""


def histogram(
    title: str, series: Mapping[str, Mapping[int, float]], names_label: str, label: str = "conversations"
) -> Bars:
    """How often each whole number came, by series, in steps of one width where there are many numbers.
    What is above 99 of 100 stands in the last step."""
    total: dict[int, float] = {}
    for counts in series.values():
        for value, count in counts.items():
            total[value] = total.get(value, 0) + count
    if not total:
        return Bars(title, [], [], label, names_label, lying=False)
    low, high = min(total), _below(total, 0.99)
    step = _step((high - low) // _MOST_STEPS + 1)
    begins = list(range(low // step * step, high + 1, step))
    names = [str(at) if step == 1 else f"{at}-{at + step - 1}" for at in begins]
    if max(total) >= begins[-1] + step:
        names[-1] = f"{begins[-1]} +"
    drawn = []
    for name, counts in series.items():
        bars = [0.0] * len(begins)
        for value, count in counts.items():
            bars[min((value - begins[0]) // step, len(bars) - 1)] += count
        drawn.append((name, bars))
    return Bars(title, names, drawn, label, names_label, lying=False)


def _below(counts: Mapping[int, float], share: float) -> int:
    needed, seen = share * sum(counts.values()), 0.0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= needed:
            return value
    return max(counts)


def _step(least: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50..."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def need_matplotlib(where: str) -> None:
    """Raises ConfigError if nothing could be drawn: better said before an hour of measuring than after."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ConfigError(
            "charts need matplotlib, which is not installed", where=where, fix="pip install 'funcdex[plots]'"
        )


def as_svg(chart: Drawing) -> str:
    """The chart as an `<svg>` element."""
    with _styled():
        figure = _figure(1, 1)
        _draw(figure.subplots(), chart)
        text = io.StringIO()
        # Without a date the same figures make the same bytes.
        _save(figure, text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def as_png(charts: Sequence[Drawing]) -> bytes:
    """The charts as one picture, two in a row. At least one is expected."""
    rows = -(-len(charts) // _COLUMNS)
    columns = min(len(charts), _COLUMNS)
    with _styled():
        figure = _figure(rows, columns)
        places = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, chart in zip(places, charts, strict=False):
            _draw(axes, chart)
            axes.set_title(chart.title)
        for axes in places[len(charts) :]:
            axes.set_axis_off()
        picture = io.BytesIO()
        _save(figure, picture, format="png", dpi=_DPI, metadata={"Software": None})
    return picture.getvalue()


def _styled() -> Any:
    import matplotlib

    return matplotlib.rc_context(_STYLE)


def _figure(rows: int, columns: int) -> Figure:
    # Not pyplot: it keeps every figure, and looks for a screen.
    from matplotlib.figure import Figure

    width, height = _SIZE_INCHES
    return Figure(figsize=(columns * width, rows * height), layout="constrained")


def _save(figure: Figure, target: Any, **how: Any) -> None:
    with warnings.catch_warnings():
        # Of letters that its font has not, matplotlib warns, and draws a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(target, **how)


def _draw(axes: Axes, chart: Drawing) -> None:
    if isinstance(chart, Bars):
        _draw_bars(axes, chart)
    else:
        _draw_lines(axes, chart)


def _draw_bars(axes: Axes, chart: Bars) -> None:
    places = range(len(chart.names))
    width = 0.8 / len(chart.series)
    names = [one_line(name, _LONGEST_NAME) for name in chart.names]
    for number, (name, values) in enumerate(chart.series):
        at = [place + (number - (len(chart.series) - 1) / 2) * width for place in places]
        colour = COLOURS[number % len(COLOURS)]
        label = one_line(name, _LONGEST_NAME)
        if chart.lying:
            axes.barh(at, values, width, label=label, color=colour)
        else:
            axes.bar(at, values, width, label=label, color=colour)
    if chart.lying:
        axes.set_yticks(places, names, fontsize=8 if len(names) <= _MOST_STEPS // 2 else 6)
        axes.set_ylim(max(len(names), _FEWEST_PLACES) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(chart.label)
        axes.set_ylabel(chart.names_label)
    else:
        many = len(names) > _MOST_STEPS // 2
        axes.set_xticks(places, names, rotation=60 if many else 0, fontsize=7 if many else 8)
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(chart.names_label)
        axes.set_ylabel(chart.label)
    if len(chart.series) > 1:
        # Not where it fits best, which matplotlib warns takes long.
        axes.legend(fontsize=8, loc="upper right")


def _draw_lines(axes: Axes, chart: Chart) -> None:
    drawn = [line for line in chart.lines if line.points]
    xs = sorted({x for line in drawn for x, _ in line.points})
    top = max(y for line in drawn for _, y in line.points)
    for line in drawn:
        axes.plot(
            [x for x, _ in line.points],
            [y for _, y in line.points],
            label=line.name,
            color=line.colour,
            linestyle="--" if line.dashed else "-",
            drawstyle="steps-post" if line.step else "default",
            marker="" if line.step else "o",
            markersize=3,
        )
    if chart.doubling:
        axes.set_xscale("log", base=2)
        axes.set_xticks(xs, [f"{x:g}" for x in xs])
        axes.minorticks_off()
    axes.set_ylim(0, top * _HEADROOM or 1.0)
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    for at, word in chart.marked_x:
        if xs[0] <= at <= xs[-1]:
            axes.axvline(at, color="#888888", linestyle=":")
            axes.annotate(word, (at, 0), xytext=(3, 3), textcoords="offset points", color="#666666")
    axes.legend(frameon=False, fontsize=8, ncols=2)
