"""Where a catalogue of tools or the list of runs lies: a file, or a PostgreSQL database.

No password stands in a database's URL: it would end up in manifests, logs and process lists. PGPASSWORD,
~/.pgpass and PGPASSFILE are read by the driver itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_DATABASE = re.compile(r"postgres(?:ql)?:(//.*)", re.DOTALL)


class DatabaseUrl(str):
    """`postgresql://user@host:port/name?sslmode=require`; without a password."""

    __slots__ = ()


Place = Path | DatabaseUrl


def place_of(text: str) -> Place:
    """A file, or a database. Raises ValueError, which shows nothing of a URL with a password."""
    found = _DATABASE.fullmatch(text)
    if found is None:
        return Path(text)
    try:
        parts = urlsplit(text)
        options = {key for key, _ in parse_qsl(parts.query)}
    except ValueError:
        raise ValueError("a database is postgresql://user@host:port/name") from None
    if parts.password is not None or options & {"password", "sslpassword", "passfile"}:
        raise ValueError("no password in a database's URL; set PGPASSWORD or write it to ~/.pgpass")
    return DatabaseUrl(f"postgresql:{found[1]}")


def as_place(value: Any) -> Any:
    """For a setting: the text form as a place; anything but a string is left to pydantic."""
    return place_of(value) if isinstance(value, str) else value
