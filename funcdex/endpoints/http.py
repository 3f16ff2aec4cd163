"""HTTP to one endpoint: one request, one answer, nothing retried, at most MAX_BODY_BYTES read.

httpx's requests and exceptions over aiohttp's connections, through httpx's own narrow seam, the transport.
`httpx.AsyncClient` above it would add redirects, cookies, authentication flows and a log line to every
request, none of which an endpoint needs (docs/decisions/0004-http-transport.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
import anyio
import httpx
import orjson
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from funcdex.endpoints.classify import TRANSPORT_FAULTS, fault_of_exception, fault_of_status
from funcdex.errors import BadResponse, ConfigError, EndpointError, RequestRefused
from funcdex.settings.endpoint_spec import EndpointSpec

try:
    import resource
except ImportError:  # Windows has no such limit.
    resource = None  # type: ignore[assignment]

MAX_BODY_BYTES = 64 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
# uvicorn (vLLM) and llama.cpp both drop a connection that was idle for 5 s; a request that is sent just
# then would be lost, so ours are dropped before that.
KEEP_ALIVE_S = 4.0
DNS_CACHE_S = 60
CONNECTING_AT_ONCE = 128
"""Connections to one server that are being opened. Of thousands at once its kernel drops what is beyond its
queue, often 2,048, and each of those is tried again seconds later."""
OPEN_FILES = 16_384
FEWEST_SECRET_CHARS = 8


def open_transport() -> httpx.AsyncBaseTransport:
    """The connections all endpoints share; close it, or use it in `async with`.

    TLS is verified. The number of connections is not limited here: the pool limits what is in flight, and
    a second queue below it would count against a request's deadline.
    """
    _allow_many_sockets()
    tls = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = _Connector(limit=0, keepalive_timeout=KEEP_ALIVE_S, ttl_dns_cache=DNS_CACHE_S, ssl=tls)
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
        )

    return cast("httpx.AsyncBaseTransport", AiohttpTransport(verify=tls, client=session))


class _Connector(aiohttp.TCPConnector):
    """Opens connections to each server some at a time; what waits for its turn is not timed yet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._turns: defaultdict[Any, anyio.Semaphore] = defaultdict(
            lambda: anyio.Semaphore(CONNECTING_AT_ONCE)
        )

    async def _create_connection(self, req: Any, *others: Any) -> Any:
        async with self._turns[req.connection_key]:
            return await super()._create_connection(req, *others)


def _allow_many_sockets() -> None:
    """4,096 requests in flight are as many open files; processes often start with room for 1,024."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def utc_now() -> datetime:
    """The wall clock, which dates in Retry-After are compared with."""
    return datetime.now(UTC)


class CalledOff(Exception):
    """Whoever gave a request its scope has cancelled it; its connection is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a whole body."""

    status: int
    body: bytes
    retry_after: str | None = None


class EndpointClient:
    """Requests to one endpoint. `api_key` is for a spec without one; it goes into a header only."""

    def __init__(
        self,
        spec: EndpointSpec,
        transport: httpx.AsyncBaseTransport,
        *,
        api_key: SecretStr | None = None,
        wall_clock: Callable[[], datetime] = utc_now,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.spec = spec
        self._transport = transport
        self._wall_clock = wall_clock
        self._max_body_bytes = max_body_bytes
        key = spec.api_key or api_key
        self._headers = _headers_with(key, spec.url)
        self._secret = _secret_in(key)
        self._urls: dict[str, httpx.URL] = {}

    async def post(
        self, path: str, body: bytes, *, timeout_s: float, scope: anyio.CancelScope | None = None
    ) -> bytes:
        """The body of a 200. Raises EndpointError. The deadline runs from the moment of sending.

        Cancelling `scope`, which must be new, ends this request alone: it raises CalledOff.
        """
        return self._body_of(await self._send("POST", path, body, timeout_s, scope=scope))

    async def stream(
        self,
        path: str,
        body: bytes,
        *,
        timeout_s: float,
        take: Callable[[bytes], None],
        last: bool = False,
        scope: anyio.CancelScope | None = None,
    ) -> None:
        """As `post`, but each piece of the body of a 200 goes to `take` as it comes, and none is kept.
        `last`: the connection is closed afterwards."""
        self._body_of(await self._send("POST", path, body, timeout_s, take, last=last, scope=scope))

    async def get(self, path: str, *, timeout_s: float) -> bytes:
        """The body of a 200. Raises EndpointError."""
        return self._body_of(await self._send("GET", path, None, timeout_s))

    async def find(self, path: str, *, timeout_s: float) -> dict[str, object] | None:
        """The JSON object at a path; None where there is none. Raises EndpointError if nothing answers."""
        try:
            body = await self.get(path, timeout_s=timeout_s)
        except RequestRefused:
            return None
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None

    async def illness(self, *, timeout_s: float) -> EndpointError | None:
        """Why the server is not up; None if it is. One that has no /health, but answers, is."""
        try:
            await self.get("/health", timeout_s=timeout_s)
        except RequestRefused:
            return None
        except EndpointError as fault:
            return fault
        return None

    def _body_of(self, answer: Answer) -> bytes:
        if answer.status == 200:
            return answer.body
        raise fault_of_status(
            answer.status,
            answer.retry_after,
            answer.body,
            where=self.spec.url,
            now=self._wall_clock(),
        )

    async def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        timeout_s: float,
        take: Callable[[bytes], None] | None = None,
        *,
        last: bool = False,
        scope: anyio.CancelScope | None = None,
    ) -> Answer:
        # One scope for deadline and caller: a second one would cost 15 us.
        scope = scope or anyio.CancelScope()
        scope.deadline = anyio.current_time() + timeout_s
        try:
            with scope:
                return await self._exchange(self._request(method, path, body, last), take)
            if anyio.current_time() < scope.deadline:
                raise CalledOff
            raise TimeoutError
        except TRANSPORT_FAULTS as error:
            raise fault_of_exception(error, where=self.spec.url, timeout_s=timeout_s) from error

    async def _exchange(self, request: httpx.Request, take: Callable[[bytes], None] | None) -> Answer:
        response = await self._transport.handle_async_request(request)
        stream = cast("httpx.AsyncByteStream", response.stream)
        try:
            chunks: list[bytes] = []
            await self._read(stream, take if take and response.status_code == 200 else chunks.append)
        finally:
            await stream.aclose()
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return Answer(response.status_code, self.without_key(body), response.headers.get("retry-after"))

    async def _read(self, stream: httpx.AsyncByteStream, take: Callable[[bytes], None]) -> None:
        size = 0
        async for chunk in stream:
            size += len(chunk)
            if size > self._max_body_bytes:
                raise BadResponse(
                    f"an answer of more than {self._max_body_bytes} bytes",
                    where=self.spec.url,
                    fix="Is this an OpenAI-compatible server?",
                )
            take(chunk)

    def _request(self, method: str, path: str, body: bytes | None, last: bool) -> httpx.Request:
        return httpx.Request(
            method,
            self._url(path),
            headers=self._headers | {"connection": "close"} if last else self._headers,
            content=body,
            extensions={"timeout": {"connect": CONNECT_TIMEOUT_S}},
        )

    def _url(self, path: str) -> httpx.URL:
        # Parsing a URL costs as much as building the rest of the request.
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = httpx.URL(self.spec.url + path)
        return url

    def without_key(self, said: bytes) -> bytes:
        """What a server said, without the key: some repeat it in a refusal, or send back all headers."""
        return said if self._secret is None else said.replace(self._secret, b"***")


def _secret_in(key: SecretStr | None) -> bytes | None:
    """The key's bytes; None for a stand-in such as `EMPTY`, which may well be a word of an answer."""
    text = key.get_secret_value() if key else ""
    return text.encode() if len(text) >= FEWEST_SECRET_CHARS else None


def _headers_with(key: SecretStr | None, where: str) -> dict[str, str]:
    headers = {
        "accept": "application/json",
        # Compressed answers would cost more than they save on a local network, and could hide their size.
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": "funcdex",
    }
    if key is None:
        return headers
    text = key.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(
            "the API key holds a character that no HTTP header can carry",
            where=where,
            fix="Look for a line break or a quotation mark around it.",
        )
    return headers | {"authorization": f"Bearer {text}"}
