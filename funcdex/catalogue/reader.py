"""Takes toolkits out of a catalogue, checked like those of any file: it may be a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from funcdex.catalogue.database import as_utf8, open_in_memory
from funcdex.catalogue.dialect import Connection, faults, open_to_read
from funcdex.catalogue.entry import kit_entry_of, unpacked
from funcdex.catalogue.search import Filter, Hit, search
from funcdex.catalogue.writer import Source, Writer
from funcdex.errors import CatalogueError
from funcdex.settings.catalog_place import Place as CataloguePlace
from funcdex.toolkits.native import read_native
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place
from funcdex.types.tools import Toolkit

T = TypeVar("T")

_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A toolkit without its tools. `source`: where the file lies that it came from."""

    name: str
    tools: int
    description: str
    source: str
    imported_at: str


class Catalogue:
    """An open catalogue that is read. Use it in one thread, and close it or leave its `with`."""

    def __init__(self, connection: Connection, path: CataloguePlace) -> None:
        self._connection = connection
        self._path = path

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def search(
        self,
        text: str,
        limit: int = 10,
        only: Filter | None = None,
        near: Mapping[int, float] | None = None,
    ) -> tuple[Hit, ...]:
        """At most `limit` tools for a query in plain words; `near`: see `search.search`. Raises
        CatalogueError, also for a toolkit in `only` that is not there."""
        with faults(self._path):
            if only and only.toolkit is not None:
                self._row_of(only.toolkit)
            return search(self._connection, text, limit, only, near)

    def asked(self, question: Callable[[Connection], T]) -> T:
        """What a function finds out from the open database. Raises CatalogueError."""
        with faults(self._path):
            return question(self._connection)

    def listed(self) -> tuple[Listed, ...]:
        """All toolkits, in the order of their names. Raises CatalogueError."""
        query = (
            "SELECT name, tools, description, place, imported_at FROM toolkit "
            "JOIN source ON source.id = source ORDER BY name"
        )
        with faults(self._path):
            return tuple(Listed(*row) for row in self._connection.execute(query))

    def toolkit(self, name: str, tools: Sequence[str] = ()) -> Toolkit:
        """A toolkit by its name, with these of its tools in this order, or with all. Raises CatalogueError
        for a name that is not there, and ToolDefinitionError for a tool that is none."""
        with faults(self._path):
            id, description = self._row_of(name)
            rows = self._connection.execute(
                "SELECT name, description, definition FROM tool WHERE toolkit = ? ORDER BY id", (id,)
            ).fetchall()
        by_name = {row[0]: row for row in rows}
        for tool in tools:
            if tool not in by_name:
                self._refuse(
                    f"no tool of {name} is called {tool!r}",
                    tool,
                    "SELECT name FROM tool WHERE toolkit = ?",
                    id,
                )
        chosen = [by_name[tool] for tool in dict.fromkeys(tools)] if tools else rows
        data = {"toolkit": name, "description": description, "tools": [self._tool(*row) for row in chosen]}
        (kit,) = read_native(data, Place(f"{self._path}: {name}"), Notebook())
        return kit

    def names(self) -> frozenset[str]:
        """The names of all toolkits. Raises CatalogueError."""
        with faults(self._path):
            return frozenset(name for (name,) in self._connection.execute("SELECT name FROM toolkit"))

    def _row_of(self, name: str) -> tuple[int, str]:
        """Id and description of a toolkit."""
        found = self._connection.execute(
            "SELECT id, description FROM toolkit WHERE name = ?", (as_utf8(name),)
        ).fetchone()
        if found is None:
            self._refuse(f"no toolkit of the catalogue is called {name!r}", name, "SELECT name FROM toolkit")
        return int(found[0]), str(found[1])

    def _tool(self, name: str, description: str, definition: bytes) -> dict[str, Any]:
        try:
            schemas = unpacked(definition)
        except ValueError as error:
            raise CatalogueError(
                f"the definition of tool {name!r} is damaged: {error}",
                where=str(self._path),
                fix="Import its source again, into a new file.",
            ) from error
        return {"name": name, "description": description, **schemas}

    def _refuse(self, what: str, name: str, query: str, *values: object) -> NoReturn:
        known = [known for (known,) in self._connection.execute(f"{query} LIMIT {_MOST_COMPARED}", values)]
        near = get_close_matches(name[:64], known, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "`funcdex tools search` finds what there is."
        raise CatalogueError(what, where=str(self._path), fix=fix)


def open_catalogue(path: CataloguePlace) -> Catalogue:
    """The catalogue of a file or a database, to be read. Raises CatalogueError."""
    return Catalogue(open_to_read(path), path)


def catalogue_of(toolkits: Iterable[Toolkit]) -> Catalogue:
    """A catalogue in memory, of toolkits that are at hand."""
    from datetime import UTC, datetime

    connection = open_in_memory()
    writer = Writer(connection)
    writer.replace(Source("memory", "memory", "", ""), map(kit_entry_of, toolkits), datetime.now(UTC))
    writer.count_words()
    return Catalogue(connection, Path("memory"))
