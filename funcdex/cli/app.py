"""The `funcdex` command."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from funcdex import __version__
from funcdex.cli import (
    bench,
    catalog,
    catalog_meaning,
    dedup,
    endpoints,
    evaluate,
    export,
    grammar,
    grammar_cost,
    inspect,
    run,
    runs,
    serve,
    stats,
    tools,
    validate,
)
from funcdex.cli.exits import guarded

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Generates multi-turn function-calling conversations from tool definitions.",
)
for command in (
    run.generate,
    run.resume,
    run.status,
    endpoints.doctor,
    bench.bench,
    endpoints.sim,
    serve.serve,
    validate.validate,
    stats.stats,
    export.export,
    inspect.inspect,
):
    app.command()(command)
tools.app.command()(catalog.search)
tools.app.command()(catalog.pick)
tools.app.command()(catalog.bundles)
tools.app.command()(catalog_meaning.embed)
app.add_typer(evaluate.app, name="eval")
app.add_typer(tools.app, name="tools")
grammar.app.command()(grammar_cost.cost)
app.add_typer(grammar.app, name="grammar")
app.add_typer(runs.app, name="runs")
app.add_typer(dedup.app, name="dedup")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Generates multi-turn function-calling conversations from tool definitions."""
    # --debug is read in `main`, which also sees errors that come before any command.
    if version:
        sys.stdout.write(f"funcdex {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Entry point of the console script."""
    guarded(partial(app, run.with_ray_address(sys.argv[1:])), debug="--debug" in sys.argv)
