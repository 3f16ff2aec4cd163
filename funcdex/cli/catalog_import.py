"""What `funcdex tools import --catalog` does: reads sources into a catalogue, and tells what was done."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from funcdex.catalogue.dialect import faults, open_to_write
from funcdex.catalogue.importing import import_into
from funcdex.catalogue.preparing import Preparing
from funcdex.errors import ConfigError
from funcdex.printable import printable
from funcdex.settings.catalog_place import Place
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.curation_rules import SHIPPED, load_rules
from funcdex.toolkits.mcp_live import toolkit_of_mcp
from funcdex.toolkits.notes import Note, Notebook
from funcdex.toolkits.sources import Imported


@dataclass(frozen=True, slots=True)
class CatalogImport:
    """How it is done. `processes`: 0 for one a core."""

    references: ToolReferences = "refuse"
    allow_url: bool = False
    curate: bool = False
    rules: Path | None = None
    processes: int = 0


def import_into_catalog(sources: list[str], mcp: list[str], catalog: Place, how: CatalogImport) -> None:
    """Adds what the sources define to the catalogue. Raises ConfigError, ToolDefinitionError and
    CatalogueError."""
    if not sources and not mcp:
        raise ConfigError("nothing to import", where="command line", fix="Name a source, or --mcp.")
    rules = load_rules(how.rules or SHIPPED) if how.curate or how.rules else None
    live = [_of_server(target) for target in mcp]
    with faults(catalog), closing(open_to_write(catalog)) as connection:
        done = import_into(
            connection,
            sources,
            _tell,
            Preparing(how.references, rules),
            allow_url=how.allow_url,
            processes=how.processes or os.cpu_count() or 1,
            live=live,
        )
    for renamed in done.renamed:
        sys.stderr.write(printable(f"note: {renamed}\n"))
    sys.stdout.write(
        f"{done.tools} tools in {done.toolkits} toolkits of {done.read} files added to "
        f"{printable(str(catalog))}; "
        f"{done.unchanged} files unchanged, {done.removed} removed, {done.left_out} left out\n"
    )


def _of_server(target: str) -> Imported:
    notebook = Notebook()
    toolkit = toolkit_of_mcp(target, notebook)
    return Imported(f"mcp:{toolkit.name}", (toolkit,), notebook.notes())


def _tell(note: Note) -> None:
    sys.stderr.write(printable(f"note: {note.where}: {note.what}\n"))
