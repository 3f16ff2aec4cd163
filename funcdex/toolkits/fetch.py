"""A document from a URL that the user named, or that a document may refer to, and from nowhere else.

A server may send a reader on, but not into the reader's own network: only to public addresses, or to the
host that was named. A limit of bytes and of time stands on the whole.
"""

from __future__ import annotations

import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from funcdex import __version__
from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.load import LARGEST_BYTES

if TYPE_CHECKING:
    import httpcore
    import httpx

MOST_REDIRECTS = 5
MOST_ARCHIVE_BYTES = 1024**3
STEP_TIMEOUT_S = 20.0
WHOLE_TIMEOUT_S = 300.0
_SCHEMES = ("http", "https")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_GZIP = ("gzip", "x-gzip")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered, and the URL of it after all redirects. `is_named`: it is of the host that the
    user named."""

    data: bytes
    url: str
    is_named: bool


def is_url(text: str) -> bool:
    """Whether it is one that could be fetched."""
    return text.lower().startswith(("http://", "https://"))


def fetched(
    url: str, most_bytes: int = LARGEST_BYTES, *, is_named: bool = True, most_s: float = WHOLE_TIMEOUT_S
) -> Fetched:
    """What the server answers, redirects followed within bounds. Raises ToolDefinitionError.

    `is_named`: the user named this very host, whatever address it has. All others are of the public internet.
    """
    import httpcore
    import httpx

    from funcdex.toolkits.guarded_http import NotPublicError, guarded_pool

    end_s = time.monotonic() + most_s
    is_sent_on = False
    try:
        first = address = httpx.URL(url)
        with guarded_pool(first.raw_host.decode() if is_named else None, end_s) as pool:
            for _ in range(MOST_REDIRECTS + 1):
                with _asked(pool, address) as response:
                    headers = _headers(response)
                    if response.status not in _REDIRECTS:
                        data = _content(response, headers, url, most_bytes)
                        return Fetched(data, str(address), is_named and address.host == first.host)
                    address = _next(address, headers.get("location", ""), url)
                    is_sent_on = True
    except NotPublicError as error:
        host = f"the server sends us on to {error.host}, which" if is_sent_on else error.host
        raise _refusal(f"{host} is no public address", url) from error
    except (httpx.InvalidURL, ValueError, httpcore.UnsupportedProtocol) as error:
        raise _refusal(f"it is no address of the web: {error}", url) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        if time.monotonic() >= end_s:
            raise _refusal(f"it took more than {most_s:.0f} s", url) from error
        what = f"the document cannot be fetched: {error or type(error).__name__}"
        raise ToolDefinitionError(what, where=without_secrets(url), fix="Check the address.") from error
    raise _refusal(f"more than {MOST_REDIRECTS} redirects", url)


def without_secrets(url: str) -> str:
    """A URL without what may be a secret: user, password, query. Nor has it a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # `https://[`
        return url.partition("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _asked(pool: httpcore.ConnectionPool, address: httpx.URL) -> AbstractContextManager[httpcore.Response]:
    import httpcore

    headers = [("Accept", "*/*"), ("Accept-Encoding", "gzip"), ("User-Agent", f"funcdex/{__version__}")]
    if address.userinfo:
        headers.append(("Authorization", f"Basic {b64encode(unquote_to_bytes(address.userinfo)).decode()}"))
    url = httpcore.URL(
        scheme=address.raw_scheme, host=address.raw_host, port=address.port, target=address.raw_path
    )
    timeout = dict.fromkeys(("connect", "read", "write", "pool"), STEP_TIMEOUT_S)
    return pool.stream("GET", url, headers=headers, extensions={"timeout": timeout})


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {key.lower().decode("latin-1"): value.decode("latin-1") for key, value in response.headers}


def _content(response: httpcore.Response, headers: dict[str, str], url: str, most_bytes: int) -> bytes:
    if response.status != 200:
        raise _refusal(f"the server answers with {response.status}", url)
    if int(headers.get("content-length", 0)) > most_bytes:
        raise _too_large(most_bytes, url)
    parts: list[bytes] = []
    size = 0
    for part in _decoded(response, headers.get("content-encoding", "identity").lower(), url, most_bytes):
        size += len(part)
        parts.append(part)
        if size > most_bytes:
            raise _too_large(most_bytes, url)
    return b"".join(parts)


def _decoded(response: httpcore.Response, encoding: str, url: str, most_bytes: int) -> Iterator[bytes]:
    """What the server sends, unpacked: of each part no more than would be too much."""
    if encoding == "identity":
        yield from response.iter_stream()
        return
    if encoding not in _GZIP:
        raise _refusal(f"the server encodes it as {encoding[:40]!r}, which nobody asked for", url)
    unpacked = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for part in response.iter_stream():
            yield unpacked.decompress(part, most_bytes + 1)
    except zlib.error as error:
        raise _refusal(f"the document cannot be unpacked: {error}", url) from error
    if not unpacked.eof:
        raise _refusal("the document ends in its middle", url)


def _next(address: httpx.URL, location: str, url: str) -> httpx.URL:
    """Where a redirect leads to. Raises ToolDefinitionError where nobody asked to go."""
    target = address.join(location)
    if target.scheme not in _SCHEMES or not target.host or target.userinfo:
        raise _refusal("the server sends us on to no web address", url)
    if address.scheme == "https" and target.scheme == "http":
        raise _refusal("the server sends us on from https to http", url)
    return target.copy_with(fragment=None)


def _too_large(most_bytes: int, url: str) -> ToolDefinitionError:
    shown = f"{most_bytes // 2**20} MB" if most_bytes >= 2**20 else f"{most_bytes:,} bytes"
    return _refusal(f"the document has more than {shown}", url)


def _refusal(what: str, url: str) -> ToolDefinitionError:
    fix = "Download it yourself and name the file."
    return ToolDefinitionError(what, where=without_secrets(url), fix=fix)
