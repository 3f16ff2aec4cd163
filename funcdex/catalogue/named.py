"""The toolkits that a run names, from its tool files and its catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from funcdex.catalogue.reader import open_catalogue
from funcdex.settings.catalog_place import Place
from funcdex.settings.tree import ToolReferences
from funcdex.toolkits.notes import Note
from funcdex.toolkits.read import ReadResult, read_toolkits
from funcdex.toolkits.select import parse_toolkit_spec


def read_named(
    specs: Sequence[str], tools: Sequence[Path], catalog: Place | None, references: ToolReferences
) -> ReadResult:
    """The toolkits of the files, and those of the catalogue that `specs` name beside them.

    Without files what the catalogue has comes before the shipped toolkits, which nobody asked for. Without
    names the catalogue is not used: nobody means a hundred thousand tools. Raises ConfigError,
    ToolDefinitionError and CatalogueError.
    """
    if catalog is None or not specs:
        result = read_toolkits(tools, references)
        return result if catalog is None else ReadResult(result.toolkits, (*result.notes, _unused(catalog)))
    wanted = dict.fromkeys(name for spec in specs for name in parse_toolkit_spec(spec))
    with open_catalogue(catalog) as opened:
        known = opened.names()
        if not tools and known.issuperset(wanted):
            return ReadResult(tuple(map(opened.toolkit, wanted)), ())
        result = read_toolkits(tools, references)
        named = {kit.name: kit for kit in result.toolkits}
        taken = [name for name in wanted if name not in named or (name in known and not tools)]
        named |= {name: opened.toolkit(name) for name in taken}
    return ReadResult(tuple(named.values()), result.notes)


def _unused(catalog: Place) -> Note:
    return Note(str(catalog), "the catalogue is not used: name the toolkits to take from it (`toolkits`)")
