"""Endpoints by DNS: the addresses of a headless service, or its SRV records.

Addresses come from the system's resolver, which knows search domains and /etc/hosts and is not ours to write
anew. It has no SRV records; these are asked for with dnspython (`pip install 'funcdex[dns]'`).
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import anyio.to_thread

from funcdex.discovery.listing import MOST_ENDPOINTS, with_options
from funcdex.errors import DiscoveryError
from funcdex.settings.endpoint_spec import EndpointSpec

DEFAULT_PORT = 8000
_ABSENT = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
"""The name has no address, as a headless service without a ready pod says. All else that goes wrong is a
fault."""

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a name. Raises socket.gaierror."""


class AddressSource:
    """An endpoint for each address (A, AAAA) of `place`, which is NAME or NAME:PORT."""

    def __init__(
        self, place: str, options: EndpointSpec, timeout_s: float, lookup: Lookup | None = None
    ) -> None:
        host, _, port = place.partition(":")
        self._host, self._port = host, int(port or DEFAULT_PORT)
        self._options = options
        self._timeout_s = timeout_s
        self._lookup = lookup or _addresses

    @property
    def name(self) -> str:
        """One line."""
        return f"dns:{self._host}:{self._port}"

    async def listed(self) -> tuple[EndpointSpec, ...]:
        """An endpoint for each address; () if there is none. Raises DiscoveryError."""
        try:
            with anyio.fail_after(self._timeout_s):
                addresses = await self._lookup(self._host, self._port)
        except TimeoutError:
            raise _unresolved(f"no answer within {self._timeout_s:g} s", self.name) from None
        except (socket.gaierror, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno in _ABSENT:
                return ()
            raise _unresolved(str(error), self.name) from error
        urls = [f"http://{f'[{one}]' if ':' in one else one}:{self._port}" for one in sorted(set(addresses))]
        return _specs(urls, self._options)


class ServiceSource:
    """An endpoint for each SRV record of `place`, of those with the lowest priority; `_https._tcp.` are
    spoken to with TLS."""

    def __init__(
        self, place: str, options: EndpointSpec, timeout_s: float, nameserver: tuple[str, int] | None = None
    ) -> None:
        self._place = place
        self._options = options
        self._timeout_s = timeout_s
        self._resolver = _resolver(nameserver)

    @property
    def name(self) -> str:
        """One line."""
        return f"srv:{self._place}"

    async def listed(self) -> tuple[EndpointSpec, ...]:
        """An endpoint for each record; () if there is none. Raises DiscoveryError."""
        records = await anyio.to_thread.run_sync(self._records, abandon_on_cancel=True)
        first = min((record.priority for record in records), default=0)
        scheme = "https" if self._place.startswith("_https.") else "http"
        urls = [
            f"{scheme}://{record.target.to_text(omit_final_dot=True)}:{record.port}"
            for record in records
            if record.priority == first
        ]
        return _specs(sorted(urls), self._options)

    def _records(self) -> list[Any]:
        import dns.exception
        import dns.resolver

        try:
            return list(self._resolver.resolve(self._place, "SRV", lifetime=self._timeout_s, search=True))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise _unresolved(str(error), self.name) from error


async def _addresses(host: str, port: int) -> Sequence[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _resolver(nameserver: tuple[str, int] | None) -> Any:
    """Of the system's servers, or of one."""
    try:
        import dns.resolver
    except ImportError as error:
        raise DiscoveryError(
            "SRV records are asked for with the package dnspython, which is not installed",
            where="--endpoints srv:...",
            fix="pip install 'funcdex[dns]'",
        ) from error
    resolver = dns.resolver.Resolver(configure=nameserver is None)
    if nameserver is not None:
        resolver.nameservers, resolver.port = [nameserver[0]], nameserver[1]
    return resolver


def _specs(urls: Sequence[str], options: EndpointSpec) -> tuple[EndpointSpec, ...]:
    return with_options((EndpointSpec(url=url) for url in urls[:MOST_ENDPOINTS]), options)


def _unresolved(why: str, where: str) -> DiscoveryError:
    return DiscoveryError(
        f"the name cannot be resolved: {why}", where=where, fix="Ask the same with `getent ahosts` or `dig`."
    )
