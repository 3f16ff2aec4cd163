"""What every command that prints a table offers: the table on screen, or the same as JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from funcdex.printable import printable, printable_json

JsonOption = Annotated[
    Path | None, typer.Option("--json", help="Write the table as JSON to this file; - for standard output.")
]


def write_json(target: Path, value: Any) -> None:
    """Indented JSON to a file, or to standard output for `-`."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE, default=str)
    if str(target) == "-":
        sys.stdout.write(printable_json(text).decode())
    else:
        target.write_bytes(text)


def write_exact(text: str) -> None:
    """Text for a file or a pipe as it stands, for a terminal with nothing in it that acts on it."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)


def show(
    title: str, rows: Sequence[Mapping[str, object]], json: Path | None, *, width: int | None = None
) -> None:
    """Rows with the same keys, as a table under `title` or as a JSON array. `width` is that of a table
    where there is no terminal."""
    if json:
        write_json(json, rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(printable(title)), title_justify="left", box=None, padding=(0, 1))
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "), justify="right" if _numeric(rows, name) else "left")
    for row in rows:
        table.add_row(*(Text(printable("" if value is None else str(value))) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else width).print(table)


def _numeric(rows: Sequence[Mapping[str, object]], name: str) -> bool:
    return all(isinstance(row[name], int | float) for row in rows)
