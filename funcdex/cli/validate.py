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
    language: Annotated[
        str, typer.Option(help="What is spoken in it, as `en` or `pt-BR`; `any` if that does not matter.")
    ] = "en",
    allow_example_domains: Annotated[
        bool, typer.Option("--allow-example-domains", help="example.com and the like are no placeholders.")
    ] = False,
    json: JsonOption = None,
) -> None:
    """Checks a data set: markup, calls and responses against their schemas, where arguments come from, what
    the assistant says of responses, placeholders, files, repetition, language and roles.

    One line a fault, with the turn and a reason; exit code 2 if there is any.

    Example: funcdex validate runs/demo/parsed_conversations.jsonl
    """
    from funcdex.settings.verify import VerifySettings
    from funcdex.validate import validate_file

    path = file / "parsed_conversations.jsonl" if os.path.isdir(file) else file
    checks = VerifySettings(allow_example_domains=allow_example_domains)
    faults, records = validate_file(path, checks, None if language == "any" else language)
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
