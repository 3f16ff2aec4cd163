"""The result of a load test as one page that needs nothing else: tables and charts, opened from a file.

Every text goes through `_text`: model names, URLs and messages come from servers.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from funcdex.bench.charts import charts_of
from funcdex.bench.compare import Comparison
from funcdex.bench.result import Result
from funcdex.bench.summary import Summary
from funcdex.bench.words import (
    Row,
    change_row,
    compile_row,
    endpoint_rows,
    rate_row,
    recommendation,
    tax_row,
    time_row,
)
from funcdex.plots import Chart, as_svg
from funcdex.printable import printable

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


def html_report(result: Result, summary: Summary, comparison: Comparison | None = None) -> str:
    """The page."""
    parts = [
        "<h1>funcdex bench</h1>",
        _list(recommendation(result, summary)),
        _list((f"note: {note}" for note in summary.notes), "note"),
        "<h2>Charts</h2>",
        f'<div class="charts">{"".join(_figure(chart) for chart in charts_of(result, summary))}</div>',
        _section("Load", [rate_row(point) for point in summary.points]),
        _section("Times (p50/p90/p99)", [time_row(point) for point in summary.points]),
        _section("Grammar tax", [tax_row(tax) for tax in summary.taxes if tax.throughput is not None]),
        _section("First use of a grammar", [compile_row(one) for one in summary.compiles]),
        _section(
            f"Endpoints at the knee ({summary.deciding}, {summary.knee} in flight each)",
            endpoint_rows(summary),
        ),
        _compared(comparison) if comparison else "",
        "<h2>What the projection takes for given</h2>" if summary.projection else "",
        _list(summary.projection.assumptions) if summary.projection else "",
        "<h2>How it was measured</h2>",
        _table(_setup(result)),
        _table(_servers(result)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>funcdex bench</title>'
        # Whatever a text from a server might contain, a browser loads nothing and runs nothing.
        f'<meta http-equiv="Content-Security-Policy" content="{_NOTHING_LOADED}">'
        f"<style>{_STYLE}</style></head><body>\n{chr(10).join(filter(None, parts))}\n</body></html>\n"
    )


def _figure(chart: Chart) -> str:
    # As a picture: an SVG within the page would share its names and styles with all others.
    packed = b64encode(as_svg(chart).encode()).decode()
    title = _text(chart.title)
    return (
        f'<figure><figcaption>{title}</figcaption><img alt="{title}" '
        f'src="data:image/svg+xml;base64,{packed}"></figure>'
    )


def _compared(comparison: Comparison) -> str:
    differences = _list((f"measured differently: {one}" for one in comparison.differences), "note")
    return (
        _section("Against the earlier result", [change_row(one) for one in comparison.changes]) + differences
    )


def _setup(result: Result) -> list[Row]:
    setup, limits = result.setup, result.setup.limits
    rows = {
        "when": setup.created_at,
        "funcdex": setup.funcdex,
        "client": setup.client,
        "prompts": f"{setup.source}, digest {setup.prompts}, {setup.tool_sets} sets of tools",
        "requests": f"{setup.requests} for each constraint and concurrency, in {setup.repeats} repeats",
        "longest answer": f"{setup.max_tokens} tokens",
        "seed": str(setup.seed),
        "limits of goodput": f"TTFT {limits.ttft_s}, ITL {limits.itl_s}, end to end {limits.latency_s} (s)",
    }
    return [{"what": name, "value": value} for name, value in rows.items()]


def _servers(result: Result) -> list[Row]:
    return [
        {
            "endpoint": endpoint.url,
            "server": f"{endpoint.kind} {endpoint.version}" + (" (simulated)" if endpoint.simulated else ""),
            "model": endpoint.model,
            "context": str(endpoint.context_tokens),
            "slots": str(endpoint.slots),
            "grammars sent as": str(endpoint.dialect),
        }
        for endpoint in result.endpoints
    ]


def _section(title: str, rows: Sequence[Row]) -> str:
    return f"<h2>{_text(title)}</h2>{_table(rows)}" if rows else ""


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row.values())}</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def _list(lines: Iterable[str], style: str = "") -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f'<ul class="{style}">{items}</ul>' if items else ""


def _text(text: str) -> str:
    """As it may stand in a page: nothing in it is markup, and nothing turns the writing round."""
    return escape(printable(text))
