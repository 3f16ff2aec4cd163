"""`funcdex stats`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.stats.diversity import Encode

_TOOLS_SHOWN = 30


def stats(
    source: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="A run directory, or JSON Lines.")],
    against: Annotated[
        Path | None, typer.Option("--against", help="Another run or file, to compare with.")
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            help="Count tokens with this tokenizer.json, or of this model on the Hub. Without: an estimate.",
        ),
    ] = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Also how far apart texts are by what they mean.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws the sample that diversity is measured on.")] = 0,
    all_tools: Annotated[bool, typer.Option("--all-tools", help="Every tool, not the least called.")] = False,
    json: JsonOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Tables and charts as one page that loads nothing.")
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", help="The charts as one picture.")] = None,
) -> None:
    """Figures of a run or a data set: size, yield, reasons of rejection, cost, scores, diversity, coverage.

    Example: funcdex stats runs/first --json stats.json --html stats.html

    Example: funcdex stats runs/second --against runs/first --tokenizer qwen3/tokenizer.json
    """
    from funcdex.plots import need_matplotlib
    from funcdex.stats.compare import compared
    from funcdex.stats.read import stats_of
    from funcdex.stats.tokens import token_counter

    for option, target in (("--html", html), ("--png", png)):
        if target:
            need_matplotlib(option)
    counter = token_counter(tokenizer)
    with _encoder(embeddings) as encode:
        told = stats_of(source, counter, encode, seed).as_json()
        other = None if against is None else stats_of(against, counter, encode, seed).as_json()
    rows = [] if other is None else compared(told, other)
    names = (str(source), str(against))
    if html:
        from funcdex.stats.report_html import html_report

        html.write_text(html_report(told, other, rows, names), "utf-8")
    if png:
        _draw(png, told, other, names)
    if json:
        beside = (
            {} if other is None else {"against": {"other": other, "rows": [row.as_json() for row in rows]}}
        )
        write_json(json, told | beside)
    elif other is not None:
        show(f"{source} against {against}", [row.as_row() for row in rows], None)
    else:
        _show(told, None if all_tools else _TOOLS_SHOWN)


def _show(told: dict[str, Any], most_tools: int | None) -> None:
    from funcdex.stats.tables import tables

    for title, rows in tables(told, most_tools):
        if rows:
            show(title, rows, None)
            sys.stdout.write("\n")
    for bad in told["bad"]:
        sys.stdout.write(printable(f"not counted: {bad}\n"))
    sys.stdout.write(f"{told['lines']} lines read, {told['bad_lines']} not counted\n")


def _draw(png: Path, told: dict[str, Any], other: dict[str, Any] | None, names: tuple[str, str]) -> None:
    from funcdex.errors import ConfigError
    from funcdex.plots import as_png
    from funcdex.stats.charts import charts_of

    charts = charts_of(told, other, names)
    if not charts:
        raise ConfigError("there is nothing to draw yet", where="--png", fix="Wait for a first conversation.")
    png.write_bytes(as_png(charts))


@contextmanager
def _encoder(wanted: bool) -> Iterator[Encode | None]:
    """The packaged sentence model, in a process of its own: torch does not come into this one."""
    if not wanted:
        yield None
        return
    from funcdex.dedup.embedding import PACKAGED_MODEL, encoded, require_packages
    from funcdex.dedup.model_process import ModelProcess

    require_packages(PACKAGED_MODEL)
    model = ModelProcess(PACKAGED_MODEL, "cpu")
    try:
        yield lambda texts: encoded(model, texts)
    finally:
        model.close()
