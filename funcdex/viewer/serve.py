"""Starts the viewer and serves it until it is interrupted."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

from funcdex.errors import ConfigError
from funcdex.listening import socket_at, url_at

HOME = ("127.0.0.1", "localhost", "::1")


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 takes any that is free. Raises ConfigError."""
    # Who is told the address may ask at once, and is answered when the server is up.
    return socket_at(host, port, of="the viewer", where=f"--host {host} --port {port}", listens=True)


def url_of(listener: socket.socket) -> str:
    """Where the viewer is."""
    return url_at(listener, "/")


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
