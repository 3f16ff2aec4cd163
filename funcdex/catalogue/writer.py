"""Writes the toolkits of a source into a catalogue: all of them or none, in place of what it had before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from funcdex.catalogue.database import COLUMNS, transaction
from funcdex.catalogue.dialect import Connection
from funcdex.catalogue.entry import Entry, KitEntry, toolkit_words
from funcdex.toolkits.names import unique_name

COMMON_FROM = 64
"""Tools that a word stands in from which it is kept how many: fewer are counted when they are asked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that toolkits come from. `root`: the file or folder that was named to be imported; `digest`:
    SHA-256 of its content, in hex."""

    place: str
    root: str
    digest: str
    importer: str


class Writer:
    """Puts sources into an open catalogue. One at a time writes; another waits for each transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def has(self, source: Source) -> bool:
        """Whether the catalogue holds the source as it is now, read by the same importer."""
        query = "SELECT digest, importer FROM source WHERE place = ?"
        found = self._connection.execute(query, (source.place,)).fetchone()
        return found is not None and tuple(found) == (source.digest, source.importer)

    def replace(self, source: Source, toolkits: Iterable[KitEntry], now: datetime) -> tuple[str, ...]:
        """Puts the toolkits in the place of those that the source had; the names that they got. A name that
        another source has gets a number; a source that comes again keeps its names."""
        with transaction(self._connection):
            names = self._names_of(source.place)
            self._remove(source.place)
            row = (
                source.place,
                source.root,
                source.digest,
                now.isoformat(timespec="seconds"),
                source.importer,
            )
            cursor = self._connection.execute(
                "INSERT INTO source (place, root, digest, imported_at, importer) VALUES (?, ?, ?, ?, ?)", row
            )
            return tuple(self._add(kit, cursor.lastrowid, names) for kit in toolkits)

    def places_of(self, root: str) -> frozenset[str]:
        """Where the sources lie that came from a file or folder."""
        rows = self._connection.execute("SELECT place FROM source WHERE root = ?", (root,))
        return frozenset(place for (place,) in rows)

    def remove(self, place: str) -> None:
        """Takes out a source and its toolkits."""
        with transaction(self._connection):
            self._remove(place)

    def count_words(self) -> None:
        """Counts in how many tools common words stand: searches begin with what is rare."""
        with transaction(self._connection):
            self._connection.execute("DELETE FROM common")
            self._connection.execute(
                "INSERT INTO common SELECT term, doc FROM vocabulary WHERE doc >= ?", (COMMON_FROM,)
            )

    def _names_of(self, place: str) -> dict[str, str]:
        query = "SELECT original, toolkit.name FROM toolkit JOIN source ON source.id = source WHERE place = ?"
        return dict(self._connection.execute(query, (place,)).fetchall())

    def _remove(self, place: str) -> None:
        kits = "SELECT toolkit.id FROM toolkit JOIN source ON source.id = source WHERE place = ?"
        for statement in (
            f"DELETE FROM names WHERE rowid IN (SELECT id FROM tool WHERE toolkit IN ({kits}))",
            f"DELETE FROM words WHERE rowid IN (SELECT id FROM tool WHERE toolkit IN ({kits}))",
            f"DELETE FROM tool WHERE toolkit IN ({kits})",
            f"DELETE FROM toolkit WHERE id IN ({kits})",
            "DELETE FROM source WHERE place = ?",
        ):
            self._connection.execute(statement, (place,))

    def _add(self, kit: KitEntry, source: int | None, names: dict[str, str]) -> str:
        name = names.get(kit.name) or self._free_name(kit.name)
        row = (source, name, kit.name, kit.description, len(kit.tools), kit.digest)
        cursor = self._connection.execute(
            "INSERT INTO toolkit (source, name, original, description, tools, digest) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        words = toolkit_words(name)
        for tool in kit.tools:
            self._add_tool(cursor.lastrowid, tool, words)
        return name

    def _add_tool(self, toolkit: int | None, entry: Entry, toolkit_words: str) -> None:
        row = (
            toolkit,
            entry.name,
            entry.action,
            entry.description,
            "\n".join(entry.parameters),
            entry.definition,
        )
        cursor = self._connection.execute(
            "INSERT INTO tool (toolkit, name, action, description, parameters, definition) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        columns, marks = ", ".join(COLUMNS), ", ".join("?" for _ in COLUMNS)
        id, words = cursor.lastrowid, (entry.words[0], toolkit_words, *entry.words[2:])
        self._connection.execute(f"INSERT INTO words (rowid, {columns}) VALUES (?, {marks})", (id, *words))
        self._connection.execute(
            "INSERT INTO names (rowid, name, toolkit) VALUES (?, ?, ?)", (id, *words[:2])
        )

    def _free_name(self, name: str) -> str:
        alike = self._connection.execute(
            "SELECT name FROM toolkit WHERE name = ? OR substr(name, 1, ?) = ?",
            (name, min(len(name), 50) + 1, f"{name[:50]}_"),
        )
        return unique_name(name, {taken: 2 for (taken,) in alike})
