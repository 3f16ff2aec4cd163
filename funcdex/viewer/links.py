"""Addresses of the pages: in the viewer, and in a site of files that link to each other."""

from __future__ import annotations

import hashlib
import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from funcdex.viewer.query import Filters

STATIC = Path(__file__).parent / "static"


class Links(Protocol):
    """What templates link by. `is_site`: pages are files, nothing can be asked or changed."""

    @property
    def is_site(self) -> bool: ...

    def asset(self, name: str) -> str:
        """A file of the package."""

    def home(self, filters: Filters | None = None, **more: str) -> str:
        """The list."""

    def filtered(self, filters: Filters | None) -> str | None:
        """The list, filtered; None where nothing can be asked."""

    def conversation(self, row: sqlite3.Row, filters: Filters | None = None) -> str:
        """The page of a row; `filters` are those of the list that it is looked at in."""

    def dashboard(self) -> str:
        """The dashboard."""


class LiveLinks:
    """Addresses of the server's pages, from the root."""

    is_site = False

    def asset(self, name: str) -> str:
        return f"/static/{name}?v={_version(name)}"

    def home(self, filters: Filters | None = None, **more: str) -> str:
        return f"/{(filters or Filters()).as_query(**more)}"

    def filtered(self, filters: Filters | None) -> str | None:
        return None if filters is None else self.home(filters)

    def conversation(self, row: sqlite3.Row, filters: Filters | None = None) -> str:
        return f"/conversation{(filters or Filters()).as_query(key=row['key'])}"

    def dashboard(self) -> str:
        return "/dashboard"

    def to(self, page: str, **query: str) -> str:
        """Another page: `edit`, `compare`, `raw`."""
        return f"/{page}?{urlencode(query, errors='replace')}"


class SiteLinks:
    """Addresses relative to a file that lies `depth` folders below the site's own."""

    is_site = True

    def __init__(self, depth: int) -> None:
        self._up = "../" * depth

    def asset(self, name: str) -> str:
        return f"{self._up}static/{name}"

    def home(self, filters: Filters | None = None, **more: str) -> str:
        return f"{self._up}index.html"

    def filtered(self, filters: Filters | None) -> str | None:
        return None

    def conversation(self, row: sqlite3.Row, filters: Filters | None = None) -> str:
        return self._up + conversation_file(row["n"])

    def dashboard(self) -> str:
        return f"{self._up}dashboard.html"


def conversation_file(n: int) -> str:
    """The file of a row in a site: a folder holds a thousand."""
    return f"c/{n // 1000:03d}/{n:06d}.html"


@lru_cache(maxsize=32)
def _version(name: str) -> str:
    """So that a browser keeps a file until it changes."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
