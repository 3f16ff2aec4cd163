"""`funcdex runs`: a list of runs and of what became of their conversations, for one person or a team."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from funcdex.cli.tables import JsonOption, show
from funcdex.cli.tools import catalog_option
from funcdex.printable import printable

if TYPE_CHECKING:
    from funcdex.settings.catalog_place import Place

app = typer.Typer(no_args_is_help=True, help="A list of runs and of what became of their conversations.")

IndexOption = Annotated[
    Any,
    typer.Option(
        "--index",
        parser=catalog_option,
        metavar="PLACE",
        help="The list: a file, or postgresql://...; default: the setting `run_index` (FUNCDEX_RUN_INDEX).",
    ),
]


@app.command("add")
def add(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")], index: IndexOption = None
) -> None:
    """Adds runs as they are now, in place of what was known of them.

    Example: funcdex runs add runs/first --index postgresql://db/team
    """
    from funcdex.run_index.index import open_index
    from funcdex.rundir.layout import RunDir

    with open_index(_index(index)) as opened:
        for run in runs:
            ended = opened.add(RunDir(run))
            sys.stdout.write(printable(f"{run}: {ended} conversations that have ended\n"))


@app.command("list")
def list_(index: IndexOption = None, json: JsonOption = None) -> None:
    """Lists the runs, the newest first.

    Example: funcdex runs list --index runs.db
    """
    from funcdex.run_index.index import open_index

    with open_index(_index(index)) as opened:
        show("runs", [asdict(run) for run in opened.runs()], json)


@app.command("search")
def search(
    index: IndexOption = None,
    run: Annotated[str | None, typer.Option("--run", help="The end of the run directory's path.")] = None,
    state: Annotated[
        Literal["accepted", "rejected"] | None, typer.Option("--state", help="How they ended.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Kind of conversation.")] = None,
    toolkit: Annotated[str | None, typer.Option("--toolkit", help="A toolkit they use.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why they were rejected.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="Most that are shown.")] = 50,
    json: JsonOption = None,
) -> None:
    """Lists conversations of all runs.

    Example: funcdex runs search --state rejected --toolkit gmail --index runs.db
    """
    from funcdex.run_index.index import Wanted, open_index

    with open_index(_index(index)) as opened:
        found = opened.conversations(Wanted(run, state, kind, toolkit, reason), limit)
    if found or json:
        show("conversations", list(found), json)
    else:
        sys.stdout.write("no conversations found\n")


def _index(index: Place | None) -> Place | None:
    if index is not None:
        return index
    from funcdex.settings.load import load

    return load().settings.run_index
