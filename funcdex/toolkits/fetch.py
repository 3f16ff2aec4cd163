"""A document from a URL that the user named and allowed, and from nowhere else.

A server may send a reader on, but not into the reader's own network: only to public addresses, or to the
host that was named. A limit of bytes and of time stands on the whole.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.load import LARGEST_BYTES

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 5
MOST_ARCHIVE_BYTES = 1024**3
STEP_TIMEOUT_S = 20.0
WHOLE_TIMEOUT_S = 300.0
_SCHEMES = ("http", "https")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


def is_url(text: str) -> bool:
    """Whether it is one that could be fetched."""
    return text.lower().startswith(("http://", "https://"))


def fetched(url: str, most_bytes: int = LARGEST_BYTES) -> bytes:
    """What the server answers, redirects followed within bounds. Raises ToolDefinitionError."""
    import httpx

    named = urlsplit(url).hostname
    end_s = time.monotonic() + WHOLE_TIMEOUT_S
    address = url
    try:
        with httpx.Client(timeout=STEP_TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                with client.stream("GET", address) as response:
                    if response.status_code not in _REDIRECTS:
                        return _content(response, url, most_bytes, end_s)
                    address = _next(address, response.headers.get("location", ""), named, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        what = f"the document cannot be fetched: {error or type(error).__name__}"
        raise ToolDefinitionError(what, where=_shown(url), fix="Check the address.") from error
    raise _refusal(f"more than {MOST_REDIRECTS} redirects", url)


def _content(response: httpx.Response, url: str, most_bytes: int, end_s: float) -> bytes:
    if response.status_code != 200:
        raise _refusal(f"the server answers with {response.status_code}", url)
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        parts.append(part)
        if size > most_bytes:
            raise _refusal(f"the document has more than {most_bytes // 2**20} MB", url)
        if time.monotonic() > end_s:
            raise _refusal(f"it took more than {WHOLE_TIMEOUT_S:.0f} s", url)
    return b"".join(parts)


def _next(address: str, location: str, named: str | None, url: str) -> str:
    """Where a redirect leads to. Raises ToolDefinitionError where nobody asked to go."""
    target = urljoin(address, location)
    parts = urlsplit(target)
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.username is not None:
        raise _refusal("the server sends us on to no web address", url)
    if urlsplit(address).scheme == "https" and parts.scheme == "http":
        raise _refusal("the server sends us on from https to http", url)
    if parts.hostname != named and not _is_public(parts.hostname, parts.port or 443):
        raise _refusal(f"the server sends us on to {parts.hostname}, which is no public address", url)
    return target


def _is_public(host: str, port: int) -> bool:
    """Whether every address of the host is one of the public internet."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return all(ipaddress.ip_address(entry[4][0]).is_global for entry in found)
    except (OSError, ValueError):
        return False


def _refusal(what: str, url: str) -> ToolDefinitionError:
    return ToolDefinitionError(what, where=_shown(url), fix="Download it yourself and name the file.")


def _shown(url: str) -> str:
    """Without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
