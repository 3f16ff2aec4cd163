"""The figures as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.page import charts, items, page, section
from funcdex.stats.charts import charts_of
from funcdex.stats.compare import Compared
from funcdex.stats.tables import tables

_TOOLS_SHOWN = 200


def html_report(
    told: Mapping[str, Any],
    other: Mapping[str, Any] | None,
    rows: Sequence[Compared],
    names: tuple[str, str],
) -> str:
    """Of one run or data set, and beside it `other`, with their `names`."""
    simulated = told["conversations"]["simulated"]
    return page(
        f"funcdex stats: {names[0]}" + ("" if other is None else f" against {names[1]}"),
        [
            items([f"{simulated} were written by simulated endpoints"] if simulated else [], "note"),
            items([f"not counted: {bad}" for bad in told["bad"]], "note"),
            section("Compared", [row.as_row() for row in rows]),
            charts(charts_of(told, other, names)),
            *(section(title, rows) for title, rows in tables(told, _TOOLS_SHOWN)),
        ],
    )
