"""The index's tables, and how a connection to it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

VERSION = 3
"""Of the tables below. An index of another version is made anew."""

TABLES = """
CREATE TABLE source (name TEXT PRIMARY KEY, inode INTEGER, head BLOB, seen INTEGER, lines INTEGER, bad
INTEGER); CREATE TABLE conversation (
    n INTEGER PRIMARY KEY, key TEXT UNIQUE, source TEXT, start INTEGER, length INTEGER,
    state TEXT, stage TEXT, reason TEXT, kind TEXT, toolkit TEXT, score REAL,
    turns INTEGER, messages INTEGER, calls INTEGER, tokens INTEGER, model TEXT, at TEXT, title TEXT,
    decision TEXT, flagged INTEGER DEFAULT 0, edited INTEGER DEFAULT 0, note TEXT DEFAULT '', standing TEXT
);
CREATE INDEX by_score ON conversation (score, n);
CREATE INDEX by_messages ON conversation (messages, n);
CREATE INDEX by_standing ON conversation (standing, n);
CREATE INDEX by_reason ON conversation (reason, n);
CREATE INDEX by_kind ON conversation (kind, n);
CREATE INDEX by_hand ON conversation (n) WHERE decision IS NOT NULL OR flagged OR edited OR note != '';
CREATE TABLE tag (kind TEXT, value TEXT, n INTEGER, PRIMARY KEY (kind, value, n)) WITHOUT ROWID;
CREATE TABLE facet (kind TEXT, value TEXT, count INTEGER, PRIMARY KEY (kind, value)) WITHOUT ROWID;
CREATE TABLE draft (key TEXT PRIMARY KEY, start INTEGER, length INTEGER) WITHOUT ROWID;
CREATE TABLE written (
    key TEXT, file TEXT, start INTEGER, length INTEGER, PRIMARY KEY (key, file, start)
) WITHOUT ROWID;
CREATE TABLE review (
    key TEXT PRIMARY KEY, decision TEXT, flagged INTEGER, edited INTEGER, note TEXT
) WITHOUT ROWID;
CREATE TABLE flow (
    bucket INTEGER, endpoint TEXT, stage TEXT, requests INTEGER, prompt INTEGER, completion INTEGER,
    PRIMARY KEY (bucket, endpoint, stage)
) WITHOUT ROWID;
CREATE TABLE event (
    endpoint TEXT, event TEXT, fault TEXT, count INTEGER, PRIMARY KEY (endpoint, event, fault)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    text, content='', detail=none, tokenize="unicode61 remove_diacritics 2"
);
"""


def opened(path: Path, *, to_read: bool) -> sqlite3.Connection:
    """A connection; one that only reads never waits for the one that writes."""
    # Used by one thread at a time: each reading thread has its own, and a lock stands before the writing one.
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA query_only = ON" if to_read else "PRAGMA journal_mode = WAL")
    # The index can be made again at any time, so it may be lost, but not be slow.
    connection.execute("PRAGMA synchronous = OFF")
    # KB, negative: of each connection, and each of some tens of threads may have one.
    connection.execute(f"PRAGMA cache_size = {-8_192 if to_read else -65_536}")
    connection.row_factory = sqlite3.Row
    return connection


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether the file holds an index of this version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    return bool(version == VERSION)


def made_anew(connection: sqlite3.Connection) -> None:
    """Empties the file and makes the tables."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT NULL"
    ).fetchall()
    for (name,) in sorted(names, key=lambda row: row[0] != "words"):
        if not name.startswith("words_"):  # They go with the table of words.
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
    connection.executescript(TABLES)
    connection.execute(f"PRAGMA user_version = {VERSION}")
