"""`funcdex validate`."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from funcdex.cli.exits import Exit
from funcdex.cli.tables import JsonOption, write_json
from funcdex.printable import printable


def validate(
    file: Annotated[Path, typer.Argument(help="A data set (JSON Lines), or a run directory.")],
    json: JsonOption = None,
) -> None:
    """Checks a data set: markup, tool names, arguments and responses against their schemas.

    One line a fault; exit code 2 if there is any.

    Example: funcdex validate runs/demo/parsed_conversations.jsonl
    """
    from funcdex.validate import validate_file

    path = file / "parsed_conversations.jsonl" if os.path.isdir(file) else file
    faults, records = validate_file(path)
    if json:
        write_json(json, [asdict(fault) for fault in faults])
    else:
        for fault in faults:
            turn = f" turn {fault.turn}" if fault.turn else ""
            sys.stdout.write(
                printable(f"{path}:{fault.line}: {fault.id}{turn}: {fault.reason}: {fault.detail}\n")
            )
        sys.stdout.write(f"{records} records, {len(faults)} faults\n")
    if faults:
        raise typer.Exit(Exit.USAGE)
