"""Line charts, drawn by matplotlib: as SVG to stand inside a page, as one PNG of several.

matplotlib is imported only to draw. It is no part of a plain installation: `pip install 'funcdex[plots]'`.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcdex.errors import ConfigError

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


def need_matplotlib(where: str) -> None:
    """Raises ConfigError if nothing could be drawn: better said before an hour of measuring than after."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ConfigError(
            "charts need matplotlib, which is not installed", where=where, fix="pip install 'funcdex[plots]'"
        )


def as_svg(chart: Chart) -> str:
    """The chart as an `<svg>` element."""
    with _styled():
        figure = _figure(1, 1)
        _draw(figure.subplots(), chart)
        text = io.StringIO()
        # Without a date the same figures make the same bytes.
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]


def as_png(charts: Sequence[Chart]) -> bytes:
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
        figure.savefig(picture, format="png", dpi=_DPI)
    return picture.getvalue()


def _styled() -> Any:
    import matplotlib

    return matplotlib.rc_context(_STYLE)


def _figure(rows: int, columns: int) -> Figure:
    # Not pyplot: it keeps every figure, and looks for a screen.
    from matplotlib.figure import Figure

    width, height = _SIZE_INCHES
    return Figure(figsize=(columns * width, rows * height), layout="constrained")


def _draw(axes: Axes, chart: Chart) -> None:
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
