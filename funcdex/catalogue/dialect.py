"""Where SQLite and PostgreSQL differ for who reads or writes a catalogue; all else is SQL that both know."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Union

from funcdex.catalogue import database
from funcdex.settings.catalog_place import DatabaseUrl, Place

if TYPE_CHECKING:
    from funcdex.catalogue.postgres import PostgresConnection

Connection = Union[sqlite3.Connection, "PostgresConnection"]

# What a word counts for by where it stands: name, toolkit, description, parameters, about.
_BM25_WEIGHTS = {"names": (1.0, 0.6), "words": (10.0, 6.0, 3.0, 1.0, 1.5)}


def open_to_read(place: Place) -> Connection:
    """A catalogue, which is not changed. Raises CatalogueError."""
    if not isinstance(place, DatabaseUrl):
        return database.open_to_read(place)
    from funcdex.catalogue.postgres import open_database

    return open_database(place, make=False)


def open_to_write(place: Place) -> Connection:
    """A catalogue, made if it is not there. Raises CatalogueError."""
    if not isinstance(place, DatabaseUrl):
        return database.open_to_write(place)
    from funcdex.catalogue.postgres import open_database

    return open_database(place, make=True)


@contextmanager
def faults(place: Place) -> Iterator[None]:
    """What the database says becomes a CatalogueError that names the place."""
    if not isinstance(place, DatabaseUrl):
        with database.faults(place):
            yield
        return
    from funcdex.catalogue.postgres import database_faults

    with database_faults(place):
        yield


def matching(
    connection: Connection,
    table: str,
    expression: str,
    where: str,
    values: Sequence[object],
    *,
    judged: int,
    most: int,
) -> list[int]:
    """Ids of the best `most` tools, of `judged` that are looked at, which an expression matches in a table of
    words. `where` is more SQL, with these values."""
    if not isinstance(connection, sqlite3.Connection):
        return connection.matching(table, expression, where, values, judged=judged, most=most)
    joins = f"JOIN tool ON tool.id = {table}.rowid JOIN toolkit ON toolkit.id = tool.toolkit" if where else ""
    weights = ", ".join(map(str, _BM25_WEIGHTS[table]))
    rows = connection.execute(
        f"SELECT id FROM (SELECT {table}.rowid AS id, bm25({table}, {weights}) AS fit FROM {table} {joins} "
        f"WHERE {table} MATCH ?{where} LIMIT {judged}) ORDER BY fit LIMIT {most}",
        (expression, *values),
    )
    return [id for (id,) in rows]


def tools_with(connection: Connection, words: Collection[str]) -> dict[str, int]:
    """In how many tools each word stands."""
    if not isinstance(connection, sqlite3.Connection):
        return connection.tools_with(words)
    counts = dict.fromkeys(words, 0)
    for word in words:
        for (count,) in connection.execute("SELECT doc FROM vocabulary WHERE term = ?", (word,)):
            counts[word] = count
    return counts
