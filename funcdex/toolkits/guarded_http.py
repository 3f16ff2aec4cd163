"""Connections that lead to the public internet alone, or to the one host that a user named, and end in time.

Addresses are looked at where the connection is made, and it is made to the address that was looked at: a name
that stands for another address a moment later gains nothing. Certificates are still those of the name.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class NotPublicError(Exception):
    """A host has an address that is not one of the public internet."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def guarded_pool(named: str | None, end_s: float) -> httpcore.ConnectionPool:
    """Connections to public addresses, and to the host `named` whatever its address. Whatever they wait for,
    they wait no longer than `end_s` of time.monotonic(). Raise NotPublicError, and httpcore's errors."""
    return httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(), network_backend=_Backend(named, end_s)
    )


def is_public(address: str) -> bool:
    """Whether it is one of the public internet, and leads to no other through IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo and found.teredo[1])
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner and not is_public(str(inner)):
            return False
    return found.is_global and not found.is_multicast


class _Backend(httpcore.NetworkBackend):
    def __init__(self, named: str | None, end_s: float) -> None:
        self._named, self._end_s = named, end_s
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("the host has no address")
        for address in self._addresses(host, port):
            left_s = _left_s(timeout, self._end_s)
            try:
                stream = self._plain.connect_tcp(address, port, left_s, local_address, socket_options)
                return _Stream(stream, self._end_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def _addresses(self, host: str, port: int) -> list[str]:
        if not 0 < port < 65536:
            raise httpcore.ConnectError(f"there is no port {port}")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as error:  # the latter of a name that no host can have
            raise httpcore.ConnectError(str(error)) from error
        addresses = [str(entry[4][0]) for entry in found]
        if host != self._named and not all(map(is_public, addresses)):
            raise NotPublicError(host)
        return addresses


class _Stream(httpcore.NetworkStream):
    """Another stream, whose waiting ends in time: a server that sends a byte now and then would hold it for
    days."""

    def __init__(self, inner: httpcore.NetworkStream, end_s: float) -> None:
        self._inner, self._end_s = inner, end_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left_s(timeout, self._end_s))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left_s(timeout, self._end_s))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = _left_s(timeout, self._end_s)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left_s), self._end_s)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left_s(timeout: float | None, end_s: float) -> float:
    left_s = end_s - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("no time is left")
    return left_s if timeout is None else min(timeout, left_s)
