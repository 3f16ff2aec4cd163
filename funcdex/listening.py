"""Sockets of pages that are served from this process: the metrics page and the viewer."""

from __future__ import annotations

import socket

from funcdex.errors import ConfigError


def socket_at(host: str, port: int, *, of: str, where: str, listens: bool) -> socket.socket:
    """A socket at an address; port 0 takes any that is free. Who `listens` is asked, and answers when the
    server is up. Raises ConfigError that tells whose place is not to be had, `where` it was named."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            if listens:
                listener.listen()
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"{of} has no place: {error}", where=where, fix="Name another port, or 0 for any that is free."
        ) from error
    return listener


def url_at(listener: socket.socket, path: str) -> str:
    """Where a page is that the socket serves."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{path}"
