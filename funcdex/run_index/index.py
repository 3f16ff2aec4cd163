"""The list of runs, for one person or a team: a SQLite file, or PostgreSQL beside a catalogue.

    run       a run directory: where it lies and on which machine, when it was begun and when added
    outcome   its conversations that have ended, and how

A run is added whole, in place of what was known of it.
"""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from funcdex.catalogue.database import as_utf8, transaction
from funcdex.catalogue.dialect import Connection
from funcdex.errors import CatalogueError, RunIndexError
from funcdex.run_index.outcomes import Outcome, outcomes_of
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import read_manifest
from funcdex.settings.catalog_place import DatabaseUrl, Place

_FIX = "Name a file or a database that `funcdex runs add --index` may write."
_WAIT_S = 30.0
_COLUMNS = tuple(one.name for one in fields(Outcome))
_TABLES = """
CREATE TABLE {known} run (id {id}, place text NOT NULL, machine text NOT NULL, planned bigint NOT NULL,
    created_at text NOT NULL, added_at text NOT NULL, UNIQUE (place, machine));
CREATE TABLE {known} outcome (run bigint NOT NULL REFERENCES run (id), id text NOT NULL, state text NOT NULL,
    kind text NOT NULL, toolkits text NOT NULL, reason text NOT NULL, model text NOT NULL,
    scores text NOT NULL, PRIMARY KEY (run, id));
CREATE INDEX {known} outcome_by_state ON outcome (state, reason);
"""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run and how many of its conversations ended how."""

    run: str
    machine: str
    created_at: str
    planned: int
    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations: None for any. `toolkit` is one of those of a bundle."""

    run: str | None = None
    state: str | None = None
    kind: str | None = None
    toolkit: str | None = None
    reason: str | None = None


class RunIndex:
    """An open list of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: RunDir) -> int:
        """Puts in a run as it is now; how many of its conversations have ended. Raises CheckpointError for a
        folder that is no run."""
        manifest = read_manifest(run)
        place, machine = _storable(str(run.path.resolve())), socket.gethostname()
        outcomes = {one.id: one for one in outcomes_of(run)}
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with transaction(self._connection):
            known = "SELECT id FROM run WHERE place = ? AND machine = ?"
            self._connection.execute(f"DELETE FROM outcome WHERE run IN ({known})", (place, machine))
            self._connection.execute("DELETE FROM run WHERE place = ? AND machine = ?", (place, machine))
            cursor = self._connection.execute(
                "INSERT INTO run (place, machine, planned, created_at, added_at) VALUES (?, ?, ?, ?, ?)",
                (place, machine, manifest.count, manifest.created_at, now),
            )
            marks = ", ".join("?" for _ in ("run", *_COLUMNS))
            for one in outcomes.values():
                self._connection.execute(
                    f"INSERT INTO outcome (run, {', '.join(_COLUMNS)}) VALUES ({marks})",
                    (cursor.lastrowid, *(_storable(getattr(one, column)) for column in _COLUMNS)),
                )
        return len(outcomes)

    def runs(self) -> tuple[ListedRun, ...]:
        """All runs, the newest first."""
        counts = ", ".join(
            f"(SELECT count(*) FROM outcome WHERE run = run.id AND state = '{state}')"
            for state in ("accepted", "rejected")
        )
        rows = self._connection.execute(
            f"SELECT place, machine, created_at, planned, {counts} FROM run ORDER BY created_at DESC, place"
        )
        return tuple(ListedRun(*row) for row in rows)

    def conversations(self, wanted: Wanted, limit: int) -> tuple[dict[str, Any], ...]:
        """At most so many, by run and id."""
        where, values = _conditions(wanted)
        rows = self._connection.execute(
            f"SELECT place, {', '.join(f'outcome.{column}' for column in _COLUMNS)} FROM outcome "
            f"JOIN run ON run.id = outcome.run WHERE 1 = 1{where} ORDER BY place, outcome.id LIMIT ?",
            (*values, limit),
        )
        return tuple(dict(zip(("run", *_COLUMNS), row, strict=True)) for row in rows)


@contextmanager
def open_index(place: Place | None) -> Iterator[RunIndex]:
    """The list of runs, made if it is not there. Raises RunIndexError."""
    if place is None:
        raise RunIndexError("no list of runs is named", where="--index", fix=_FIX)
    try:
        connection = _database(place) if isinstance(place, DatabaseUrl) else _file(place)
        try:
            yield RunIndex(connection)
        finally:
            connection.close()
    except (CatalogueError, sqlite3.Error) as error:
        what = error.what if isinstance(error, CatalogueError) else f"it cannot be used: {error}"
        raise RunIndexError(what, where=str(place), fix=_FIX) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "psycopg":
            raise
        raise RunIndexError(f"it cannot be used: {error}", where=str(place), fix=_FIX) from error


def _file(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_S)
    connection.execute("PRAGMA trusted_schema = OFF")
    for statement in _TABLES.format(known="IF NOT EXISTS", id="integer PRIMARY KEY").split(";\n"):
        connection.execute(statement)
    return connection


def _database(url: DatabaseUrl) -> Connection:
    from funcdex.catalogue.postgres import SCHEMA, PostgresConnection, connect, make_tables

    connection = connect(url)
    identity = "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    make_tables(connection, _TABLES.format(known="", id=identity), "run")
    connection.execute(f"SET search_path TO {SCHEMA}")
    return PostgresConnection(connection)


def _conditions(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    parts, values = [], []
    for column, value in (("state", wanted.state), ("kind", wanted.kind), ("reason", wanted.reason)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(_storable(value))
    if wanted.toolkit is not None:
        parts.append("'+' || toolkits || '+' LIKE '%+' || ? || '+%'")
        values.append(_storable(wanted.toolkit))
    if wanted.run is not None:
        parts.append("place LIKE '%' || ?")
        values.append(_storable(wanted.run))
    return "".join(f" AND {part}" for part in parts), tuple(values)


def _storable(text: str) -> str:
    return as_utf8(text).replace("\0", "\ufffd")
