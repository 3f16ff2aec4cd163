"""The metrics page: `GET /metrics`, served by the run's own event loop while it goes on."""

from __future__ import annotations

import socket

import anyio
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from funcdex.exposition.figures import Figures
from funcdex.listening import socket_at, url_at
from funcdex.off_loop import off_loop
from funcdex.snapshot import TakeSnapshot

PATH = "/metrics"
_TO_CLOSE_S = 1.0


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket at an address; port 0 takes any that is free. It listens once the page is served.

    Raises ConfigError. Bound before the run begins, so that a port in use is told at once.
    """
    where = f"--metrics-host {host} --metrics-port {port}"
    return socket_at(host, port, of="the metrics page", where=where, listens=False)


def url_of(listener: socket.socket) -> str:
    """Where the page is."""
    return url_at(listener, PATH)


async def serve(listener: socket.socket, snapshot: TakeSnapshot) -> None:
    """Serves the page until cancelled, then closes the socket."""

    async def page(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # The snapshot is a value, so that it can be written beside the event loop.
        body = await off_loop(encode, Figures(snapshot()))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get(PATH, page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_TO_CLOSE_S)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
        listener.close()
