"""The result of a load test on a terminal, control characters of text from servers made visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

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

_WORDS = frozenset({"constraint", "endpoint", "verdict"})


def print_tables(
    console: Console,
    result: Result,
    summary: Summary,
    comparison: Comparison | None,
    printable: Callable[[str], str],
) -> None:
    """Every table, then the advice."""
    tables = {
        "load": [rate_row(point) for point in summary.points],
        "times (p50/p90/p99)": [time_row(point) for point in summary.points],
        "grammar tax": [tax_row(tax) for tax in summary.taxes if tax.throughput is not None],
        "first use of a grammar": [compile_row(one) for one in summary.compiles],
        f"endpoints at the knee ({summary.deciding}, {summary.knee} in flight each)": endpoint_rows(summary),
        "against the earlier result": [change_row(one) for one in comparison.changes] if comparison else [],
    }
    for title, rows in tables.items():
        if rows:
            console.print(_table(title, rows, printable))
    for line in recommendation(result, summary):
        _say(console, printable(line), "bold")
    for line in summary.projection.assumptions if summary.projection else ():
        _say(console, printable(f"  assumes {line}"), "dim")
    for line in summary.notes:
        _say(console, printable(f"note: {line}"), "yellow")
    for line in comparison.differences if comparison else ():
        _say(console, printable(f"measured differently: {line}"), "yellow")


def _table(title: str, rows: Sequence[Row], printable: Callable[[str], str]) -> Table:
    table = Table(title=printable(title), title_justify="left", box=None, padding=(0, 1))
    for name in rows[0]:
        words = name in _WORDS
        table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row.values()))
    return table


def _say(console: Console, line: str, style: str) -> None:
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
