"""What `funcdex tools import` does: reads every source, curates if asked, writes one file and a report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from funcdex.errors import ConfigError, ToolDefinitionError
from funcdex.printable import printable
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.curation import CurationReport, curated
from funcdex.toolkits.curation_rules import SHIPPED, load_rules
from funcdex.toolkits.mcp_live import toolkit_of_mcp
from funcdex.toolkits.merging import Merger
from funcdex.toolkits.native import dump_native
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.sources import Imported, imported
from funcdex.types.tools import Toolkit


def import_tools(
    sources: list[str],
    mcp: list[str],
    out: Path,
    references: ToolReferences,
    allow_url: bool,
    curate: bool,
    rules: Path | None,
    report: Path | None,
) -> None:
    """Writes `out`, and `report` if named. Raises ToolDefinitionError, and ConfigError for wrong rules."""
    if not sources and not mcp:
        raise ConfigError("nothing to import", where="command line", fix="Name a source, or --mcp.")
    chosen = load_rules(rules or SHIPPED) if curate or rules else None
    notebook, done = Notebook(), CurationReport()
    merger = Merger(notebook)
    documents: list[dict[str, Any]] = []
    for one in _all(sources, mcp, references, allow_url):
        documents.append(_row(one))
        _tell(one)
        for toolkit in one.toolkits:
            made = curated(toolkit, chosen, done) if chosen else toolkit
            if made is not None:
                merger.add(made, one.file, is_one_of_many=one.is_one_of_many)
    toolkits = merger.toolkits()
    if not toolkits:
        raise ToolDefinitionError(
            "nothing was imported", where=", ".join(sources + mcp), fix="See the notes."
        )
    for note in notebook.notes():
        sys.stderr.write(printable(f"note: {note.where}: {note.what}\n"))
    _write(out, dump_native(toolkits).encode())
    if report:
        _write(report, _as_report(documents, toolkits, done))
    _summarize(toolkits, out, done)


def _all(
    sources: list[str], mcp: list[str], references: ToolReferences, allow_url: bool
) -> Iterator[Imported]:
    for source in sources:
        yield from imported(source, references, allow_url)
    for target in mcp:
        notebook = Notebook()
        toolkit = toolkit_of_mcp(target, notebook)
        yield Imported(toolkit.name, (toolkit,), notebook.notes())


def _row(one: Imported) -> dict[str, Any]:
    row: dict[str, Any] = {
        "document": one.file,
        "tools": sum(len(toolkit.tools) for toolkit in one.toolkits),
        "notes": [note.what for note in one.notes],
    }
    return row | ({"refused": one.refused} if one.refused else {})


def _tell(one: Imported) -> None:
    if one.refused:
        sys.stderr.write(printable(f"note: {one.file}: left out: {one.refused}\n"))
    for note in one.notes:
        sys.stderr.write(printable(f"note: {note.where}: {note.what}\n"))


def _as_report(documents: list[dict[str, Any]], toolkits: tuple[Toolkit, ...], done: CurationReport) -> bytes:
    whole = {
        "documents": documents,
        "toolkits": len(toolkits),
        "tools": sum(len(toolkit.tools) for toolkit in toolkits),
        "curation": done.as_json(),
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ToolDefinitionError(
            f"cannot write: {error.strerror}", where=str(path), fix="Name another file."
        ) from error


def _summarize(toolkits: tuple[Toolkit, ...], out: Path, done: CurationReport) -> None:
    count = sum(len(toolkit.tools) for toolkit in toolkits)
    sys.stdout.write(f"{count} tools in {len(toolkits)} toolkits written to {printable(str(out))}\n")
    for rule, entry in done.as_json().items():
        sys.stdout.write(f"  {rule}: {entry['count']}\n")
