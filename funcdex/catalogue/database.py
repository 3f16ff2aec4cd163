"""The one SQLite file of a catalogue: its tables, and how it is opened.

    source   a file that was imported: where it lies, its digest, when and by which importer
    toolkit  its toolkits, under the name that they have here; `original` is the one that the source gives
    tool     their tools; `definition` is the JSON of parameters and response, compressed
    words    the words of each tool (FTS5, `rowid` is the tool's id), as `words.py` makes them
    names    those of them that name tool and toolkit, once more: there a name is found however long the rest
    is common   words that stand in many tools, and in how many

Readers never wait for the one that writes, and see the file as it was when they began to read (WAL).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcdex.errors import CatalogueError
from funcdex.ordinary_file import open_ordinary

if TYPE_CHECKING:
    from funcdex.catalogue.dialect import Connection

APPLICATION_ID = 0x66647863
"""Tells a catalogue from other SQLite files: "fdxc"."""

FORMAT = 1
"""Version of the tables and of how words are made. A catalogue of another one is refused."""

COLUMNS = ("name", "toolkit", "description", "parameters", "about")
"""The columns of `words`. `about`: what the toolkit's description says."""

_WAIT_S = 30.0
_TABLES = f"""
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL UNIQUE,
    root TEXT NOT NULL,
    digest TEXT NOT NULL,
    imported_at TEXT NOT NULL,
    importer TEXT NOT NULL
);
CREATE TABLE toolkit (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES source (id),
    name TEXT NOT NULL UNIQUE,
    original TEXT NOT NULL,
    description TEXT NOT NULL,
    tools INTEGER NOT NULL,
    digest TEXT NOT NULL
);
CREATE INDEX toolkit_of_source ON toolkit (source);
CREATE TABLE tool (
    id INTEGER PRIMARY KEY,
    toolkit INTEGER NOT NULL REFERENCES toolkit (id),
    name TEXT NOT NULL,
    action TEXT NOT NULL,
    description TEXT NOT NULL,
    parameters TEXT NOT NULL,
    definition BLOB NOT NULL,
    UNIQUE (toolkit, name)
);
CREATE TABLE common (word TEXT PRIMARY KEY, tools INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE names USING fts5(name, toolkit, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row');
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""


def open_to_read(path: Path) -> sqlite3.Connection:
    """The catalogue, which is not changed. Raises CatalogueError if it is none, or of another format."""
    _refuse_what_is_no_file(path)
    with faults(path):
        connection = _connected(path, "mode=ro")
        try:
            _check(connection, path)
        except sqlite3.OperationalError:
            # In a folder where nothing may be written SQLite cannot keep what readers share with a writer;
            # then there is no writer either.
            connection.close()
            connection = _connected(path, "immutable=1")
            _check(connection, path)
        connection.execute("PRAGMA query_only = ON")
    return connection


def open_to_write(path: Path) -> sqlite3.Connection:
    """The catalogue, made if it is not there. Raises CatalogueError."""
    if path.exists():
        _refuse_what_is_no_file(path)
    with faults(path):
        connection = _connected(path, "mode=rwc")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _make_tables(connection)
        _check(connection, path)
    return connection


def open_in_memory() -> sqlite3.Connection:
    """An empty catalogue that is gone with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(_TABLES)
    return connection


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """What SQLite says of a file becomes a CatalogueError that names it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise CatalogueError(
            f"the catalogue cannot be used: {error}",
            where=str(path),
            fix="Name another file, or import into a new one: funcdex tools import ... --catalog FILE.",
        ) from error


def as_utf8(text: str) -> str:
    """SQLite takes no half of a surrogate pair, which nothing in a catalogue has."""
    return text.encode(errors="replace").decode()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of what is written inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connected(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_S)
    # Functions and virtual tables that a stranger's file names in its views and triggers are not called.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables in a file that has none; two processes at once make them once."""
    if _is_empty(connection):
        with transaction(connection):
            if _is_empty(connection):
                for statement in _TABLES.split(";\n"):
                    connection.execute(statement)


def _is_empty(connection: sqlite3.Connection) -> bool:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return int(count) == 0


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (format,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        fix = "Name a file that `funcdex tools import ... --catalog FILE` wrote."
        raise CatalogueError("the file is no catalogue of tools", where=str(path), fix=fix)
    if format != FORMAT:
        raise CatalogueError(
            f"the catalogue has format {format}, this version reads {FORMAT}",
            where=str(path),
            fix="Import into a new file, or use the version that wrote it.",
        )
    connection.execute("SELECT count(*) FROM (SELECT 1 FROM source LIMIT 1)").fetchone()


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        open_ordinary(path).close()
    except OSError as error:
        raise CatalogueError(
            f"the catalogue cannot be opened: {error.strerror or error}",
            where=str(path),
            fix="Name a file that `funcdex tools import ... --catalog FILE` wrote.",
        ) from error
