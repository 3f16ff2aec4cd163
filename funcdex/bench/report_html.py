"""The result of a load test as one page that needs nothing else: tables and charts, opened from a file."""

from __future__ import annotations

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
from funcdex.page import charts, items, page, section, table


def html_report(result: Result, summary: Summary, comparison: Comparison | None = None) -> str:
    """The page."""
    parts = [
        items(recommendation(result, summary)),
        items((f"note: {note}" for note in summary.notes), "note"),
        charts(charts_of(result, summary)),
        section("Load", [rate_row(point) for point in summary.points]),
        section("Times (p50/p90/p99)", [time_row(point) for point in summary.points]),
        section("Grammar tax", [tax_row(tax) for tax in summary.taxes if tax.throughput is not None]),
        section("First use of a grammar", [compile_row(one) for one in summary.compiles]),
        section(
            f"Endpoints at the knee ({summary.deciding}, {summary.knee} in flight each)",
            endpoint_rows(summary),
        ),
        _compared(comparison) if comparison else "",
        "<h2>What the projection takes for given</h2>" if summary.projection else "",
        items(summary.projection.assumptions) if summary.projection else "",
        "<h2>How it was measured</h2>",
        table(_setup(result)),
        table(_servers(result)),
    ]
    return page("funcdex bench", parts)


def _compared(comparison: Comparison) -> str:
    differences = items((f"measured differently: {one}" for one in comparison.differences), "note")
    return (
        section("Against the earlier result", [change_row(one) for one in comparison.changes]) + differences
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
