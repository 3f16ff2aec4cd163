"""Starts the viewer and serves it until it is interrupted."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from funcdex.errors import ConfigError

HOME = ("127.0.0.1", "localhost", "::1")


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 takes any that is free. Raises ConfigError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            # Who is told the address may ask at once, and is answered when the server is up.
            listener.listen()
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"the viewer has no place: {error}",
            where=f"--host {host} --port {port}",
            fix="Name another port, or 0 for any that is free.",
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where the viewer is."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve(path: Path, *, host: str, port: int, read_only: bool, ready: Callable[[str], None]) -> None:
    """Serves what lies at `path` until interrupted; `ready` is told the address. Blocks. Raises
    ConfigError."""
    # They come with an extra, and take their time to load.
    import uvicorn

    from funcdex.viewer.app import application
    from funcdex.viewer.following import Follower
    from funcdex.viewer.guard import own_names
    from funcdex.viewer.index import Index
    from funcdex.viewer.source import index_folder, look_at
    from funcdex.viewer.views import View

    looked = look_at(path, read_only=read_only)
    with contextlib.ExitStack() as closing:
        listener = closing.enter_context(contextlib.closing(bound_socket(host, port)))
        folder = index_folder(looked, closing)
        index = Index(looked, folder / "index.sqlite")
        closing.callback(index.close)
        app = application(View(looked, index), Follower(index), hosts=own_names(host))
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        ready(url_of(listener))
        uvicorn.Server(config).run(sockets=[listener])


def require_web() -> None:
    """Raises ConfigError if what the viewer is served with is not installed."""
    import importlib.util

    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"the viewer needs {' and '.join(missing)}",
            where="funcdex inspect",
            fix="Install them: pip install 'funcdex[viewer]'.",
        )
