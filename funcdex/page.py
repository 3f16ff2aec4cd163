"""A report as one page that needs nothing else: tables and charts, opened from a file.

Every text goes through `as_markup`: names, URLs and messages come from outside.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from funcdex.plots import Drawing, as_svg
from funcdex.printable import printable

Row = Mapping[str, object]

_NOTHING_LOADED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1180px; padding: 0 1rem;
  color: #1b1b1b; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: 3px 9px; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; } img { width: 100%; height: auto; }
.note { color: #8a4b00; }
"""


def page(title: str, parts: Iterable[str]) -> str:
    """The page; parts that are empty are left out."""
    head = as_markup(title)
    body = "\n".join(filter(None, [f"<h1>{head}</h1>", *parts]))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{head}</title>'
        # Whatever a text from outside might contain, a browser loads nothing and runs nothing.
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_LOADED}">'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def charts(drawings: Iterable[Drawing]) -> str:
    """Charts beside one another, under a heading."""
    figures = "".join(map(_figure, drawings))
    return f'<h2>Charts</h2>\n<div class="charts">{figures}</div>' if figures else ""


def _figure(chart: Drawing) -> str:
    # As a picture: an SVG within the page would share its names and styles with all others.
    packed = b64encode(as_svg(chart).encode()).decode()
    title = as_markup(chart.title)
    return (
        f'<figure><figcaption>{title}</figcaption><img alt="{title}" '
        f'src="data:image/svg+xml;base64,{packed}"></figure>'
    )


def section(title: str, rows: Sequence[Row]) -> str:
    """A heading and a table; nothing without rows."""
    return f"<h2>{as_markup(title)}</h2>{table(rows)}" if rows else ""


def table(rows: Sequence[Row]) -> str:
    """Rows with the same keys."""
    if not rows:
        return ""
    head = "".join(f"<th>{as_markup(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{as_markup(cell)}</td>' for cell in row.values())}</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def items(lines: Iterable[str], style: str = "") -> str:
    """A list; nothing without lines."""
    found = "".join(f"<li>{as_markup(line)}</li>" for line in lines)
    return f'<ul class="{style}">{found}</ul>' if found else ""


def as_markup(value: object) -> str:
    """As it may stand in a page: nothing in it is markup, and nothing turns the writing round."""
    return escape(printable("" if value is None else str(value)))
