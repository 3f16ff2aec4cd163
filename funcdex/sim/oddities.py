"""Answers that no good server gives: in place of a completion, or made of a good one.

They are what servers, proxies and load balancers were seen to send, or what one in bad faith might.
"""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import orjson
from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Alteration = Callable[[bytes], bytes]

_JSON = "application/json"
_TOO_LARGE_BYTES = 10 * 2**30
_BOMB_BYTES = 2**30


async def _slow_body(http: web.Request) -> web.StreamResponse:
    """One byte a second."""
    response = await _begun(http, length=1_000_000)
    with suppress(ConnectionError):
        while True:
            await response.write(b" ")
            await anyio.sleep(1)
    return response


async def _large_body(http: web.Request) -> web.StreamResponse:
    """10 GB, as fast as they are taken."""
    response = await _begun(http, length=_TOO_LARGE_BYTES)
    piece = b" " * 2**20
    with suppress(ConnectionError):
        for _ in range(_TOO_LARGE_BYTES // len(piece)):
            await response.write(piece)
    return response


async def _gzip_bomb(http: web.Request) -> web.StreamResponse:
    """1 GB of blanks, compressed, though nobody asked for compression."""
    headers = {"Content-Type": _JSON, "Content-Encoding": "gzip"}
    member = gzip.compress(b" " * 2**20)  # A file of gzip may have any number of members.
    return web.Response(body=member * (_BOMB_BYTES // 2**20), headers=headers)


async def _web_page(http: web.Request) -> web.StreamResponse:
    """What a proxy shows while it has nothing behind it, with status 200."""
    return web.Response(text="<html><body>Be right back.</body></html>", content_type="text/html")


async def _redirect(http: web.Request) -> web.StreamResponse:
    """To the same address, for ever."""
    return web.Response(status=307, headers={"Location": str(http.url)})


async def _begun(http: web.Request, *, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _JSON, "Content-Length": str(length)})
    await response.prepare(http)
    return response


def _with_choice(**changes: Any) -> Alteration:
    def altered(body: bytes) -> bytes:
        data = orjson.loads(body)
        choice = data["choices"][0]
        for key, value in changes.items():
            if key == "content" and "message" in choice:
                choice["message"]["content"] = value
            else:
                choice[key] = value
        return orjson.dumps(data)

    return altered


def _with(**changes: Any) -> Alteration:
    return lambda body: orjson.dumps(orjson.loads(body) | changes)


def _with_raw(key: str, value: bytes) -> Alteration:
    """A value that orjson would not write."""
    return lambda body: orjson.dumps(orjson.loads(body) | {key: "@"}).replace(b'"@"', value)


def _cut(body: bytes) -> bytes:
    """As if the tokens had been used up in the middle."""
    data = orjson.loads(body)
    message = data["choices"][0].get("message") or data["choices"][0]
    name = "content" if "content" in message else "text"
    message[name] = message[name][: len(message[name]) // 2]
    data["choices"][0]["finish_reason"] = "length"
    return orjson.dumps(data)


INSTEAD: Mapping[str, Answer] = {
    "slow_body": _slow_body,
    "large_body": _large_body,
    "gzip_bomb": _gzip_bomb,
    "web_page": _web_page,
    "redirect": _redirect,
}
"""What is sent instead of a completion."""

STATUSES: Mapping[str, tuple[int, str]] = {
    "rate_limited": (429, "simulated fault: too many requests"),
    "unavailable": (503, "simulated fault: unavailable"),
    "server_error": (500, "simulated fault: EngineCore encountered an issue"),
    "bad_gateway": (502, "simulated fault: bad gateway"),
    "gateway_timeout": (504, "simulated fault: gateway timeout"),
    "context_too_long": (400, "This model's maximum context length is 16 tokens."),
    "bad_request": (400, "simulated fault: not understood"),
    "unauthorized": (401, "simulated fault: wrong key"),
    "forbidden": (403, "simulated fault: not for you"),
    "no_such_model": (404, "The model does not exist."),
    "too_large": (413, "simulated fault: request entity too large"),
    "unprocessable": (422, "simulated fault: unprocessable"),
}
"""Refusals: their status and what they say."""

ALTERED: Mapping[str, Alteration] = {
    "not_utf8": lambda body: body.replace(b'"assistant"', b'"assistant\xff"'),
    "nan": _with_raw("created", b"NaN"),
    "huge_number": _with_raw("usage", b'{"prompt_tokens": 1' + b"0" * 18 + b', "completion_tokens": -5}'),
    "no_choices": _with(choices=[]),
    "no_content": _with_choice(content=None, text=None),
    "no_usage": _with(usage=None),
    "cut": _cut,
    "content_filter": _with_choice(content="", text="", finish_reason="content_filter"),
}
"""What becomes of a good answer that is not streamed."""
