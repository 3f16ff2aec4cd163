"""Endpoints by DNS, asked of a name server on a real socket, and of the system for the names it knows."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from funcdex.discovery.dns import AddressSource, ServiceSource
from funcdex.errors import DiscoveryError
from funcdex.settings.endpoint_spec import EndpointSpec

OPTIONS = EndpointSpec(url="dns:workers", max_in_flight=64)
SERVICE = "_http._tcp.workers.test."


@contextmanager
def name_server(records: Mapping[str, Sequence[str]], rcode: str = "NOERROR") -> Iterator[tuple[str, int]]:
    """A server that knows some SRV records; its address."""
    import dns.message
    import dns.rcode
    import dns.rrset

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, caller = listener.recvfrom(4096)
                if data == b"stop":
                    return
                query = dns.message.from_wire(data)
                answer = dns.message.make_response(query)
                name = str(query.question[0].name)
                found = records.get(name)
                if rcode != "NOERROR":
                    answer.set_rcode(dns.rcode.from_text(rcode))
                elif found is None:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                elif found:
                    answer.answer.append(dns.rrset.from_text(name, 5, "IN", "SRV", *found))
                listener.sendto(answer.to_wire(), caller)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            listener.sendto(b"stop", listener.getsockname())
            thread.join()


async def urls_of(place: str, server: tuple[str, int]) -> list[str]:
    found = await ServiceSource(place, OPTIONS, 10, server).listed()
    assert all(spec.max_in_flight == 64 for spec in found)
    return [spec.url for spec in found]


async def test_each_service_record_of_the_lowest_priority_is_an_endpoint() -> None:
    records = {SERVICE: ["0 1 8000 b.test.", "0 1 8001 a.test.", "10 1 8000 spare.test."]}
    with name_server(records) as server:
        assert await urls_of(SERVICE[:-1], server) == ["http://a.test:8001", "http://b.test:8000"]


async def test_a_service_with_tls_has_https_endpoints() -> None:
    with name_server({"_https._tcp.workers.test.": ["0 1 443 a.test."]}) as server:
        assert await urls_of("_https._tcp.workers.test.", server) == ["https://a.test:443"]


@pytest.mark.parametrize("records", [{}, {SERVICE: []}])
async def test_a_service_without_records_lists_nothing(records: dict[str, list[str]]) -> None:
    with name_server(records) as server:
        assert await urls_of(SERVICE, server) == []


async def test_a_name_server_that_fails_is_a_fault_and_not_an_empty_list() -> None:
    with name_server({}, rcode="SERVFAIL") as server, pytest.raises(DiscoveryError, match="resolved"):
        await ServiceSource(SERVICE, OPTIONS, 1, server).listed()


async def test_each_address_of_a_name_is_an_endpoint() -> None:
    async def lookup(host: str, port: int) -> list[str]:
        assert (host, port) == ("workers", 8001)
        return ["10.0.0.2", "10.0.0.1", "10.0.0.2", "fd00::1"]

    found = await AddressSource("workers:8001", OPTIONS, 10, lookup).listed()
    urls = [spec.url for spec in found]
    assert urls == ["http://10.0.0.1:8001", "http://10.0.0.2:8001", "http://[fd00::1]:8001"]


async def test_the_system_is_asked_for_addresses() -> None:
    urls = [spec.url for spec in await AddressSource("localhost", OPTIONS, 10).listed()]
    assert set(urls) <= {"http://127.0.0.1:8000", "http://[::1]:8000"}
    assert urls


@pytest.mark.parametrize(("errno", "empty"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
async def test_a_name_without_addresses_lists_nothing_and_a_resolver_that_fails_is_a_fault(
    errno: int, empty: bool
) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        raise socket.gaierror(errno, "no")

    source = AddressSource("workers", OPTIONS, 10, lookup)
    if empty:
        assert await source.listed() == ()
    else:
        with pytest.raises(DiscoveryError, match="resolved"):
            await source.listed()
