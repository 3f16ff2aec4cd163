"""Answers that come piece by piece, for scripted servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import orjson
from aiohttp import web

from endpoints.scripted_server import Play


def chunk(text: str | None = None, **fields: object) -> bytes:
    """An event of an answer."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": None}
    return b"data: " + orjson.dumps({"choices": [choice | fields]}) + b"\n\n"


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}}\n\ndata: [DONE]\n\n'
GOOD = chunk("") + chunk("Hel") + chunk("lo") + chunk(finish_reason="stop") + USAGE


def streams(
    *pieces: bytes, pause: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint, ends: bool = True
) -> Play:
    """A stream written piece by piece, with a pause after each."""

    async def play(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
            await pause()
        if not ends:
            await anyio.sleep_forever()
        await response.write_eof()
        return response

    return play
