"""Turns whatever can go wrong with one request into one EndpointError.

    exception of httpx, aiohttp or the operating system -> `fault_of_exception`
    HTTP status that is not 200                         -> `fault_of_status`
    200 with a body that is no answer                   -> BadResponse, in `answer.py`

Limiter, breaker and retry look at the class, its flags and `retry_after_s`, and at nothing else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import httpx
import orjson

from funcdex.errors import (
    BadResponse,
    ContextTooLong,
    EndpointError,
    NoConnection,
    NotServed,
    Overloaded,
    RequestRefused,
    ServerFault,
    TimedOut,
    Unreachable,
)

TRANSPORT_FAULTS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
    aiohttp.ClientError,
    OSError,
)
"""Everything the transport raises; the builtin TimeoutError of a passed deadline is an OSError."""

_EXCERPT_CHARS = 300

# Told by the cause, because httpx-aiohttp calls every lost connection a ConnectTimeout.
_NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_NO_CONNECTION_IN_HTTPX = (httpx.ConnectTimeout, httpx.ConnectError, httpx.PoolTimeout, httpx.ProxyError)

_CERTIFICATE = "Mend the server's certificate, or trust it: SSL_CERT_FILE names a file of trusted ones."

_CONTEXT_TOO_LONG = re.compile(
    r"maximum context length|maximum\s+model length|max_model_len|exceed_context_size_error"
    r"|context_length_exceeded|exceeds the available context size|longer than the model's context length"
)


def fault_of_exception(error: Exception, *, where: str, timeout_s: float) -> EndpointError:
    """The fault that an exception out of TRANSPORT_FAULTS stands for. `where` names the endpoint."""
    said = " ".join(str(error).split())[:_EXCERPT_CHARS] or type(error).__name__
    match error:
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | aiohttp.InvalidURL():
            return NotServed(f"the address cannot be used: {said}", where=where, fix="Correct the URL.")
        case httpx.LocalProtocolError() | httpx.TooManyRedirects():
            return RequestRefused(
                f"the request cannot be sent: {said}", where=where, fix="Check URL and key."
            )
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return _lost(error, said, where)
        case httpx.TimeoutException() | TimeoutError():
            return TimedOut(
                f"no answer within {timeout_s:g} s",
                where=where,
                fix="Raise the stage's timeout_s, or ask for fewer tokens or fewer requests in flight.",
            )
        case (
            httpx.NetworkError()
            | httpx.ProxyError()
            | aiohttp.ClientConnectionError()
            | aiohttp.ClientPayloadError()
        ):
            return _lost(error, said, where)
        case httpx.HTTPStatusError():
            return fault_of_status(
                error.response.status_code, None, b"", where=where, now=datetime.fromtimestamp(0, UTC)
            )
        case OSError():
            return _lost(error, said, where)
        case _:
            return BadResponse(f"not an HTTP answer: {said}", where=where, fix="Is this the server's port?")


def _lost(error: Exception, said: str, where: str) -> Unreachable:
    cause = error if isinstance(error, aiohttp.ClientError) else error.__cause__
    if isinstance(cause, aiohttp.ClientError):
        connected = not isinstance(cause, _NEVER_CONNECTED)
    else:
        connected = not isinstance(error, _NO_CONNECTION_IN_HTTPX)
    if not connected:
        distrusted = isinstance(cause, aiohttp.ClientConnectorCertificateError)
        fix = _CERTIFICATE if distrusted else "Is the server up, and the URL right?"
        return NoConnection(f"no connection: {said}", where=where, fix=fix)
    return Unreachable(
        f"the connection broke before the whole answer was there: {said}",
        where=where,
        fix="See the server's log.",
    )


def fault_of_status(
    status: int, retry_after: str | None, body: bytes, *, where: str, now: datetime
) -> EndpointError:
    """The fault that a status other than 200 stands for. `retry_after` is the header as it came."""
    said = error_message(body)
    what = f"HTTP {status}" + (f": {said}" if said else "")
    wait_s = retry_after_s(retry_after, now)
    if status in (429, 503, 529):
        return Overloaded(what, where=where, fix="Lower max_in_flight if it lasts.", retry_after_s=wait_s)
    if status in (408, 504):
        return TimedOut(what, where=where, fix="See the server's, or its proxy's, time limit.")
    if status in (404, 405, 501):
        return NotServed(what, where=where, fix="Check the endpoint's URL and model.")
    if status >= 500:
        return ServerFault(what, where=where, fix="See the server's log.", retry_after_s=wait_s)
    if status in (401, 403):
        return NotServed(what, where=where, fix="Check the endpoint's API key (;api_key_env=NAME).")
    if 300 <= status < 400:
        return NotServed(f"{what} (a redirect, not followed)", where=where, fix="Name the final URL.")
    if status == 400 and _CONTEXT_TOO_LONG.search(body.decode("utf-8", "replace")):
        return ContextTooLong(
            what,
            where=where,
            fix="Lower max_tokens or the tools shown, or serve the model with more context.",
        )
    if 400 <= status < 500:
        return RequestRefused(what, where=where, fix="The server will not take this request as it is.")
    return BadResponse(what, where=where, fix="Is this an OpenAI-compatible server?")


def error_message(body: bytes) -> str:
    """What an error body says, in one line of at most 300 characters; "" if nothing."""
    try:
        return message_of(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body[: 4 * _EXCERPT_CHARS].decode("utf-8", "replace")
    return " ".join(text.split())[:_EXCERPT_CHARS]


def message_of(data: object) -> str:
    """The same of a body, or a part of it, that was read already."""
    try:
        text = _message_in(data)
    except orjson.JSONEncodeError:  # nested deeper than it can be written again
        text = ""
    return " ".join(text.split())[:_EXCERPT_CHARS]


def _message_in(data: object) -> str:
    """vLLM, llama.cpp and OpenAI nest it in `error`; older vLLM and FastAPI do not."""
    while isinstance(data, dict):
        data = next((data[key] for key in ("error", "message", "detail") if data.get(key)), "")
    return data if isinstance(data, str) else orjson.dumps(data).decode()


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds to wait that a Retry-After header asks for, as a number or an HTTP date; None if neither."""
    if header is None:
        return None
    text = header.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - now).total_seconds())
    except (ValueError, OverflowError):  # the year 99999999, or an offset of as many hours
        return None
