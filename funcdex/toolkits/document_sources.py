"""Where the documents come from that references lead to: files below a folder, and URLs.

Each has a name that means it in the first document, wherever the reference stands: a path from the folder
(`schemas/pet.yaml`), or a URL.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any, Protocol
from urllib.parse import quote, unquote, urljoin, urlsplit

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.fetch import WHOLE_TIMEOUT_S, fetched, without_secrets
from funcdex.toolkits.load import SUFFIXES, decoded, document_of, load_document

MOST_FILES = 256
"""Files that one document may refer to, those included that are not there."""
MOST_URLS = 64
"""URLs that one document may refer to, those included where nothing can be fetched."""

_NAMES = " -> "
"""`https://a/x.yaml -> http://b/y.yaml`: what the first may lead to is not what the document that was named
may lead to. No URL has a space in it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document that was read. `name`: what its references are relative to."""

    content: Any
    size_bytes: int
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """A document that may be read. `place` is the same for all of its names; `load` takes the most bytes, and
    the most values if it is YAML, and raises ToolDefinitionError."""

    place: str
    load: Callable[[int, int], Loaded]


class Source(Protocol):
    """Documents of one kind. `first` is the place of the document that was named, if it is of this kind."""

    first: str
    most: int
    what: str

    def renamed(self, file: str, base: str) -> str:
        """The name of what the reference `file` means in the document of the name `base`."""

    def find(self, name: str) -> Found:
        """Raises ToolDefinitionError for what may not be read."""


class Files:
    """Files below the folder of the first document, links followed, and none that are hidden."""

    most, what = MOST_FILES, "files"

    def __init__(self, path: Path) -> None:
        self.first = os.path.realpath(path)
        self._folder = Path(os.path.realpath(path.parent))
        self._shown = path.name

    def renamed(self, file: str, base: str) -> str:
        """What leads out stays as it is, and is refused when it is looked for."""
        relative = _relative(file)
        return file if relative is None else quote(normpath(join(dirname(unquote(base)), relative)))

    def find(self, name: str) -> Found:
        """Raises ToolDefinitionError for what is not below the folder."""
        path = self._inside(_relative(name))
        return Found(str(path), partial(self._load, path))

    def _inside(self, name: str | None) -> Path:
        fix = "Only files below the folder of the first document are read, and none that are hidden."
        try:
            if name is not None and not name.startswith("../"):
                path = Path(os.path.realpath(self._folder / name))
                if str(path) == self.first:
                    return path
                if not any(part.startswith(".") for part in path.relative_to(self._folder).parts):
                    return path
        except ValueError:  # not below it, or a name that no file can have
            pass
        raise ToolDefinitionError("it leads out of the document's folder", where=self._shown, fix=fix)

    def _load(self, path: Path, most_bytes: int, most_values: int) -> Loaded:
        if path.suffix.lower() not in SUFFIXES:
            what, fix = f"its name ends in none of {', '.join(SUFFIXES)}", "Rename it."
            raise ToolDefinitionError(what, where=str(path), fix=fix)
        content = load_document(path, most_bytes, most_values)
        return Loaded(content, path.stat().st_size, quote(path.relative_to(self._folder).as_posix()))


class Web:
    """Documents at URLs: https, and http for a document that is itself read over http; of public addresses,
    and of the server that the user named for a document of that server. All of them are fetched in bounded
    time. `first` is where the first document was fetched, "" if it is a file."""

    most, what = MOST_URLS, "URLs"

    def __init__(self, first: str, is_named: bool) -> None:
        self.first = _normal(first) if first else ""
        self._named = _server(self.first) if is_named else None
        self._end_s: float | None = None

    def renamed(self, file: str, base: str) -> str:
        """By RFC 3986. What a document at a URL names never becomes the name of a file."""
        file = file.replace(" ", "%20")
        if not has_scheme(base):
            return file
        try:
            target = urljoin(base, file)
        except ValueError:  # it is refused when it is looked for
            return f"{base}{_NAMES}{file}"
        return target if self._rights(base) == self._rights(self.first) else f"{base}{_NAMES}{target}"

    def find(self, name: str) -> Found:
        """Raises ToolDefinitionError for what is no URL, or one that its document may not lead to."""
        base, arrow, target = name.partition(_NAMES)
        base, target = (base, target) if arrow else (self.first, name)
        place = _normal(target)
        if not place:
            raise self._refused("it is no address of the web", target)
        may_be_http, is_named = self._rights(base)
        if not may_be_http and place.startswith("http:"):
            raise self._refused("only what was itself read over http leads to http", target)
        return Found(place, partial(self._load, place, is_named and _server(place) == self._named))

    def _rights(self, base: str) -> tuple[bool, bool]:
        """Whether the document at `base` may lead to http, and to the server that the user named."""
        server = _server(base)
        return server[0] == "http", server == self._named

    def _load(self, url: str, is_named: bool, most_bytes: int, most_values: int) -> Loaded:
        if self._end_s is None:
            self._end_s = time.monotonic() + WHOLE_TIMEOUT_S
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise self._refused(f"what it refers to took more than {WHOLE_TIMEOUT_S:.0f} s", url)
        got = fetched(url, most_bytes, is_named=is_named, most_s=left_s)
        shown = without_secrets(url)
        content = document_of(decoded(got.data, shown), shown, True, most_values)
        if not isinstance(content, dict | list | bool):
            raise self._refused("what stands there is no JSON or YAML of a description", url)
        return Loaded(content, len(got.data), got.url)

    def _refused(self, what: str, url: str) -> ToolDefinitionError:
        fix = "Make one file of it first, with `redocly bundle` say."
        return ToolDefinitionError(what, where=without_secrets(url), fix=fix)


def has_scheme(file: str) -> bool:
    """Whether a reference, or a name, is or may be a URL, and so names no file."""
    try:
        parts = urlsplit(file)
    except ValueError:  # `//[`
        return True
    return bool(parts.scheme or parts.netloc or parts.query)


def _relative(file: str) -> str | None:
    """The path that a relative reference names; None if it is absolute or a URL."""
    path = unquote(urlsplit(file).path) if not has_scheme(file) else "/"
    return None if path.startswith("/") or "\\" in path else normpath(path)


def _normal(url: str) -> str:
    """The one spelling of a URL of the web, without its fragment; "" if it is none."""
    import httpx

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return ""
    is_one = parsed.scheme in ("http", "https") and parsed.host and not parsed.userinfo
    return str(parsed.copy_with(fragment=None)) if is_one else ""


@lru_cache(maxsize=2 * MOST_URLS)
def _server(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. `url` is in its one spelling, or "" for a file."""
    import httpx

    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port
