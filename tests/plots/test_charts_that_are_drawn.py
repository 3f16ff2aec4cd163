"""Charts: each is a picture by itself, of the same bytes for the same figures, whatever the names in it."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.errors import ConfigError
from funcdex.plots import COLOURS, Chart, Line, as_png, as_svg, need_matplotlib

EVIL = '<script>alert("&")</script> $\\frac{$'
PNG = b"\x89PNG\r\n\x1a\n"


def chart(name: str = "schema", points: tuple[tuple[float, float], ...] = ((1, 2), (4, 8))) -> Chart:
    return Chart("Tokens", [Line(name, points, COLOURS[0])], "in flight", "tokens/s", doubling=True)


def test_names_in_a_chart_are_text_and_never_markup_or_formulas() -> None:
    svg = ET.fromstring(as_svg(chart(EVIL)))
    assert EVIL in {"".join(element.itertext()) for element in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert not list(svg.iter("{http://www.w3.org/2000/svg}script"))


def test_the_same_figures_make_the_same_picture() -> None:
    assert as_svg(chart()) == as_svg(chart())
    assert as_png([chart()]) == as_png([chart()])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_charts_make_one_picture(count: int) -> None:
    assert as_png([chart()] * count).startswith(PNG)


places = st.tuples(st.floats(0.001, 1e4), st.floats(0, 1e7))


@settings(max_examples=20, deadline=None)
@given(points=st.lists(places, min_size=1, max_size=8), step=st.booleans(), doubling=st.booleans())
def test_whatever_was_measured_can_be_drawn(
    points: list[tuple[float, float]], step: bool, doubling: bool
) -> None:
    drawn = Chart("t", [Line("a", points, "#000", step=step)], "x", "y", doubling, marked_x=[(3.0, "m")])
    ET.fromstring(as_svg(drawn))


def test_a_mark_stands_only_where_something_is_drawn() -> None:
    marked = [
        Chart("t", [Line("a", [(1, 1), (8, 1)], "#000")], "x", "y", marked_x=[(at, "knee")]) for at in (4, 9)
    ]
    assert ["knee" in as_svg(one) for one in marked] == [True, False]


def test_a_chart_of_no_points_is_empty() -> None:
    assert Chart("t", [Line("a", [], "#000")], "x", "y").empty and not chart().empty


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="funcdex\\[plots\\]"):
        need_matplotlib("--png")


def test_matplotlib_is_loaded_only_to_draw() -> None:
    told = "import sys, funcdex.plots; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
