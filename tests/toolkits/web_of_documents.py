"""A web server of this machine that answers as a test says, and remembers what it was asked for."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, BinaryIO

Answer = Callable[[BinaryIO], None]
"""Writes a whole answer, its status line included."""


class Web:
    """`pages` by their paths: what goes out as JSON if it is no text, or a function that writes it."""

    def __init__(self, server: ThreadingHTTPServer, scheme: str) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.over = Event()
        self.port = server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def answer(self, path: str, out: BinaryIO) -> None:
        """Writes what stands at a path."""
        self.asked.append(path)
        page = self.pages.get(path)
        if callable(page):
            page(out)
        elif page is None:
            reply(404)(out)
        else:
            reply(200, page if isinstance(page, str | bytes) else json.dumps(page))(out)

    def silent(self, out: BinaryIO) -> None:
        """An answer that does not come for as long as the test lasts."""
        self.over.wait(60)


def reply(status: int, body: str | bytes = b"", **headers: str) -> Answer:
    """An answer with these headers, `_` in a name for `-`."""
    data = body.encode() if isinstance(body, str) else body
    lines = {
        "Content-Length": str(len(data)),
        **{key.replace("_", "-"): text for key, text in headers.items()},
    }
    head = "".join(f"{key}: {text}\r\n" for key, text in lines.items())

    def write(out: BinaryIO) -> None:
        out.write(f"HTTP/1.1 {status} x\r\n{head}\r\n".encode() + data)

    return write


def sent_on(location: str) -> Answer:
    """A redirect."""
    return reply(302, Location=location)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Web]:
    """A server at a free port of 127.0.0.1, and of every other address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.close_connection = True
            try:
                web.answer(self.path, self.wfile)  # type: ignore[arg-type]
            except OSError:  # the reader has had enough
                pass

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web = Web(server, "https" if context else "http")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield web
    finally:
        web.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
