"""HTTP clients without and with our pool: each sends so many requests, so many at once.

python -m overhead.clients NAME --url http://127.0.0.1:8000 --requests 4000 --in-flight 512
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Literal

import anyio
from overhead.asked import ANSWER, MAX_TOKENS, PROMPT, SYSTEM, options_of

BODY: dict[str, object] = {
    "model": "mock",
    "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}],
    "max_tokens": MAX_TOKENS,
}
Send = Callable[[], Awaitable[None]]


async def workers(send: Send, requests: int, in_flight: int) -> None:
    """So many tasks that each send one request after another."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            await send()

    await asyncio.gather(*(work() for _ in range(min(in_flight, requests))))


async def raw_aiohttp(url: str, requests: int, in_flight: int) -> None:
    """aiohttp by itself."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send() -> None:
            async with session.post(url + "/v1/chat/completions", json=BODY) as response:
                assert (await response.json())["choices"][0]["message"]["content"] == ANSWER

        await workers(send, requests, in_flight)


async def httpx_over_aiohttp(url: str, requests: int, in_flight: int) -> None:
    """httpx.AsyncClient over the httpx-aiohttp transport."""
    import httpx
    from httpx_aiohttp import HttpxAiohttpClient

    limits = httpx.Limits(max_connections=None)
    async with HttpxAiohttpClient(limits=limits, timeout=60) as client:
        await workers(_httpx_send(client, url), requests, in_flight)


async def stock_httpx(url: str, requests: int, in_flight: int) -> None:
    """httpx.AsyncClient over its own transport."""
    import httpx

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=60) as client:
        await workers(_httpx_send(client, url), requests, in_flight)


async def our_pool_streaming(url: str, requests: int, in_flight: int) -> None:
    """funcdex's pool, every answer streamed."""
    await our_pool(url, requests, in_flight, stream="always")


async def our_pool(
    url: str, requests: int, in_flight: int, stream: Literal["always", "never"] = "never"
) -> None:
    """funcdex's pool, all requests asked for at once: those beyond the limit wait in its queue."""
    from overhead.candidate import mock_candidate

    from funcdex.endpoints.http import open_transport
    from funcdex.pool.pool import Pool
    from funcdex.settings.pool import PoolSettings
    from funcdex.types.request import Message, Request, Sampling

    request = Request(
        conversation_id="c1",
        stage="scenario",
        messages=(Message("system", SYSTEM), Message("user", PROMPT)),
        sampling=Sampling(max_tokens=MAX_TOKENS),
        timeout_s=60,
    )
    async with open_transport() as transport:
        settings = PoolSettings(max_in_flight=in_flight, stream=stream)
        async with Pool([mock_candidate(url, transport)], settings) as pool:

            async def send() -> None:
                assert (await pool.generate(request)).text == ANSWER

            await asyncio.gather(*(send() for _ in range(requests)))


def _httpx_send(client: object, url: str) -> Send:
    import httpx

    assert isinstance(client, httpx.AsyncClient)

    async def send() -> None:
        response = await client.post(url + "/v1/chat/completions", json=BODY)
        assert response.json()["choices"][0]["message"]["content"] == ANSWER

    return send


CLIENTS = {
    "aiohttp": raw_aiohttp,
    "httpx over aiohttp": httpx_over_aiohttp,
    "funcdex pool": our_pool,
    "funcdex pool, streaming": our_pool_streaming,
    "stock httpx": stock_httpx,
}


def main() -> None:
    """Plays one client."""
    options = options_of(__doc__)
    options.add_argument("name", choices=CLIENTS)
    asked = options.parse_args()
    # On uvloop where it is installed, as our command line does; all of them are then.
    loop = {"use_uvloop": find_spec("uvloop") is not None}
    client = CLIENTS[asked.name]
    anyio.run(client, asked.url, asked.requests, asked.in_flight, backend_options=loop)


if __name__ == "__main__":
    main()
