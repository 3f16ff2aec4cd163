"""Whatever the transport or a status can say becomes one EndpointError."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from funcdex.endpoints.classify import error_message, fault_of_status, retry_after_s
from funcdex.endpoints.http import EndpointClient
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
from funcdex.settings.endpoint_spec import EndpointSpec

URL = "http://endpoint.test"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _family(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


def _made(kind: type[Exception]) -> Exception:
    # What a constructor would set is not there, so the class's own words cannot be had.
    speechless: type[Exception] = type(kind.__name__, (kind,), {"__str__": lambda self: "boom"})
    error = speechless.__new__(speechless)
    Exception.__init__(error, "boom")
    if isinstance(error, httpx.HTTPStatusError):
        error.response = httpx.Response(500)
    return error


HTTPX_ROOTS = (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
ALL_HTTPX = sorted(
    {kind for root in HTTPX_ROOTS for kind in _family(root) if kind.__module__.split(".")[0] == "httpx"}
    | set(HTTPX_ROOTS),
    key=lambda kind: kind.__name__,
)


async def _post_that_raises(error: Exception) -> EndpointError:
    def raise_it(request: httpx.Request) -> httpx.Response:
        raise error

    client = EndpointClient(EndpointSpec(url=URL), httpx.MockTransport(raise_it))
    with pytest.raises(EndpointError) as caught:
        await client.post("/v1/chat/completions", b"{}", timeout_s=7)
    assert caught.value.__cause__ is error
    return caught.value


def test_the_walk_over_httpx_finds_its_exceptions() -> None:
    public = {
        getattr(httpx, name)
        for name in httpx.__all__
        if isinstance(getattr(httpx, name), type) and issubclass(getattr(httpx, name), Exception)
    }
    assert public <= set(ALL_HTTPX)
    assert len(public) > 20


@pytest.mark.parametrize("kind", ALL_HTTPX, ids=lambda kind: kind.__name__)
async def test_no_httpx_exception_is_left_unmapped(kind: type[Exception]) -> None:
    fault = await _post_that_raises(_made(kind))
    assert URL in fault.where


ALL_AIOHTTP = sorted(set(_family(aiohttp.ClientError)), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", ALL_AIOHTTP, ids=lambda kind: kind.__name__)
async def test_no_aiohttp_exception_is_left_unmapped(kind: type[Exception]) -> None:
    await _post_that_raises(_made(kind))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ReadTimeout("slow"), TimedOut),
        (httpx.ConnectError("refused"), NoConnection),
        (httpx.ConnectTimeout("silence"), NoConnection),
        (httpx.ReadError("reset"), Unreachable),
        (httpx.RemoteProtocolError("gibberish"), BadResponse),
        (httpx.DecodingError("gzip"), BadResponse),
        (httpx.InvalidURL("no"), NotServed),
        (httpx.LocalProtocolError("no"), RequestRefused),
        (aiohttp.ServerDisconnectedError(), Unreachable),
        (aiohttp.ClientPayloadError("cut"), Unreachable),
        (TimeoutError(), TimedOut),
        (ConnectionResetError("reset"), Unreachable),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
async def test_exceptions_become_the_fault_they_mean(error: Exception, expected: type[EndpointError]) -> None:
    assert type(await _post_that_raises(error)) is expected


async def test_a_lost_connection_is_told_from_one_never_made_by_its_cause() -> None:
    broken = httpx.ConnectTimeout("what the transport calls it")
    broken.__cause__ = aiohttp.ServerDisconnectedError()
    assert type(await _post_that_raises(broken)) is Unreachable


async def test_a_programming_error_is_let_through() -> None:
    def raise_it(request: httpx.Request) -> httpx.Response:
        raise KeyError("bug")

    client = EndpointClient(EndpointSpec(url=URL), httpx.MockTransport(raise_it))
    with pytest.raises(KeyError):
        await client.get("/health", timeout_s=1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, BadResponse),
        (301, NotServed),
        (400, RequestRefused),
        (401, NotServed),
        (403, NotServed),
        (404, NotServed),
        (405, NotServed),
        (408, TimedOut),
        (413, RequestRefused),
        (422, RequestRefused),
        (429, Overloaded),
        (500, ServerFault),
        (501, NotServed),
        (502, ServerFault),
        (503, Overloaded),
        (504, TimedOut),
        (529, Overloaded),
    ],
)
async def test_a_status_becomes_the_fault_it_means(status: int, expected: type[EndpointError]) -> None:
    router = respx.MockRouter(assert_all_called=False)
    router.get(URL + "/x").respond(status, json={"error": {"message": "the reason"}})
    client = EndpointClient(EndpointSpec(url=URL), httpx.MockTransport(router.async_handler))
    with pytest.raises(EndpointError, match=f"HTTP {status}: the reason") as caught:
        await client.get("/x", timeout_s=1)
    assert type(caught.value) is expected


@given(status=st.integers(201, 999), body=st.binary(max_size=40), header=st.none() | st.text(max_size=20))
def test_every_status_with_any_body_becomes_a_fault(status: int, body: bytes, header: str | None) -> None:
    fault = fault_of_status(status, header, body, where=URL, now=NOW)
    assert isinstance(fault, EndpointError)
    assert fault.retry_after_s is None or fault.retry_after_s >= 0


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, your prompt contains 9000 input tokens",
        "'max_tokens' is too large: 12288. This model's maximum context length is 8192 tokens",
        "max_tokens=100000 cannot be greater than max_model_len=8192. Please request fewer output tokens.",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "requested output tokens (at least 1) is longer than the maximum model length of 8192.",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
        "Requested token count exceeds the model's maximum context length of 8192 tokens.",
        "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
    ],
)
def test_words_about_the_context_mean_that_it_is_too_long(message: str) -> None:
    body = httpx.Response(400, json={"error": {"message": message}}).content
    assert type(fault_of_status(400, None, body, where=URL, now=NOW)) is ContextTooLong


def test_llamacpp_names_the_context_in_the_type_alone() -> None:
    body = (
        b'{"error": {"code": 400, "message": "too much", "type": "exceed_context_size_error", "n_ctx": 512}}'
    )
    assert type(fault_of_status(400, None, body, where=URL, now=NOW)) is ContextTooLong


def test_a_bad_grammar_is_not_a_long_context() -> None:
    body = b'{"error": {"code": 400, "message": "failed to parse grammar", "type": "invalid_request_error"}}'
    assert type(fault_of_status(400, None, body, where=URL, now=NOW)) is RequestRefused


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3", 3.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Tue, 01 Jan 2030 00:00:05 -0000", 5.0),
        ("soon", None),
        ("-4", None),
        ("inf", None),
        ("Tue, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Tue, 01 Jan 2030 00:00:00 +99999999999999999999", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, expected: float | None) -> None:
    assert retry_after_s(header, NOW) == expected


@given(st.text())
def test_no_retry_after_header_breaks_the_reader(header: str) -> None:
    wait_s = retry_after_s(header, NOW)
    assert wait_s is None or wait_s >= 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"message": "plain"}}', "plain"),
        (b'{"error": "short"}', "short"),
        (b'{"object": "error", "message": "older vLLM"}', "older vLLM"),
        (b'{"detail": [{"loc": ["body"]}]}', '[{"loc":["body"]}]'),
        (b"<html>\n  no JSON </html>", "<html> no JSON </html>"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        (b"", ""),
        (b"{}", ""),
        (b'{"error": ' + b"[" * 600 + b"]" * 600 + b"}", ""),
    ],
)
def test_the_reason_is_found_in_an_error_body(body: bytes, expected: str) -> None:
    assert error_message(body) == expected


@pytest.mark.parametrize("url", ["http://u", "http://u/v1"])
async def test_the_mapping_reads_the_retry_after_header(url: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            503, headers={"Retry-After": format_datetime(NOW + timedelta(seconds=8), usegmt=True)}
        )

    client = EndpointClient(EndpointSpec(url=url), httpx.MockTransport(handler), wall_clock=lambda: NOW)
    with pytest.raises(Overloaded) as caught:
        await client.get("/x", timeout_s=1)
    assert caught.value.retry_after_s == 8.0
