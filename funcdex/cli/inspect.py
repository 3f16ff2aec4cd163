"""`funcdex inspect`: a run or a data set in the browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from funcdex.printable import printable


def inspect(
    source: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="A run directory, or JSON Lines.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any that is free.")] = 0,
    host: Annotated[
        str, typer.Option(help="Address to serve at. Others than this machine may then look.")
    ] = ("127.0.0.1"),
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Look only: nothing can be decided or edited.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write the pages as a site of files into this folder.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier site in the folder.")] = False,
) -> None:
    """Shows conversations in the browser, also while a run goes on: search, read, compare, accept, reject,
    edit.

    What you decide is written to review.jsonl in the run, and `funcdex export` honours it.

    Example: funcdex inspect runs/first

    Example: funcdex inspect runs/first --export site
    """
    if export is not None:
        _write_site(source, export, force)
        return
    from funcdex.viewer.serve import HOME, require_web, serve

    require_web()
    if host not in HOME:
        sys.stderr.write(
            printable(
                f"warning: everybody who reaches {host} can read these conversations"
                f"{'' if read_only else ', and decide about them (--read-only prevents that)'}\n"
            )
        )

    def ready(url: str) -> None:
        sys.stdout.write(printable(f"looking at {source}\n{url}\nCtrl-C ends it.\n"))
        sys.stdout.flush()
        if not no_browser and sys.stdout.isatty():
            import webbrowser

            webbrowser.open(url)

    serve(source, host=host, port=port, read_only=read_only, ready=ready)


def _write_site(source: Path, folder: Path, force: bool) -> None:
    from funcdex.viewer.site import write_site

    pages = write_site(source, folder, force=force)
    sys.stdout.write(printable(f"{pages:,} conversations: open {folder / 'index.html'}\n"))
