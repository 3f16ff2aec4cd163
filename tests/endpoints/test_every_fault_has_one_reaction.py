"""The table of faults in docs/endpoints.md, row by row: each is committed by a server on a real socket."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest

from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.errors import EndpointError, NotServed
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import KINDS, Fault, parse_fault
from funcdex.sim.server import running_server
from funcdex.types.request import Completion, Message, Request, Sampling

PAGE = Path(__file__).parents[2] / "docs" / "endpoints.md"
ANSWERS = ("none", "regenerated", "grammar_ignored")
"""Rows whose fault is no fault of the exchange: an answer comes, and what is in it is judged later."""


class Row(NamedTuple):
    fault: str
    kind: str
    again: str
    endpoint: str


def rows() -> Iterator[Row]:
    """Of the table whose first column names what `funcdex sim --fault` calls it."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and (named := re.search(r"`(\w+)`$", cells[0])):
            yield Row(named[1], cells[1].strip("`"), cells[2], cells[3])


ROWS = list(rows())


def asked(timeout_s: float = 20) -> Request:
    return Request("c1", "scenario", (Message("user", "Hello there."),), Sampling(max_tokens=50), timeout_s)


async def outcome(url: str, timeout_s: float = 20) -> Completion | EndpointError:
    facts = EndpointFacts(url, "vllm", "1", "m", ("m",), 8192, None, "lark", enforces=True)
    async with open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=url), transport)
        try:
            return await complete(asked(timeout_s), facts, client, anyio.current_time)
        except EndpointError as fault:
            return fault


async def outcome_of(fault: Fault, timeout_s: float = 20) -> Completion | EndpointError:
    config = SimConfig(step_ms=0.0, faults=(fault,))
    async with running_server(config) as url:
        return await outcome(url, timeout_s)


def test_the_table_has_every_fault_once() -> None:
    assert sorted(row.fault for row in ROWS) == sorted(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.fault)
async def test_a_fault_becomes_what_the_table_says(row: Row) -> None:
    late = row.kind == "timed_out" and row.fault != "gateway_timeout"
    found = await outcome_of(parse_fault(row.fault), timeout_s=1 if late else 20)
    if row.kind in ANSWERS:
        assert isinstance(found, Completion), found
        assert (found.finish_reason != "stop") >= (row.fault in ("cut", "content_filter"))
        assert 0 <= found.prompt_tokens < 10_000 and 0 <= found.completion_tokens < 10_000
        return
    assert isinstance(found, EndpointError), found
    assert found.kind == row.kind
    again = "yes" if found.retryable else "elsewhere"
    assert row.again.startswith(again), "what is not retryable goes to another endpoint at most"
    assert row.endpoint.startswith("-") == (not found.blames_endpoint)


async def test_a_body_of_ten_gigabytes_or_a_bomb_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        for kind in ("large_body", "gzip_bomb"):
            tracemalloc.reset_peak()
            assert isinstance(await outcome_of(parse_fault(kind)), EndpointError)
            # The bomb's compressed megabyte, or the 64 MB that are read at most; the server is in here, too.
            assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1", "unreachable"),
        ("http://no-such-host.invalid:8000", "unreachable"),
    ],
)
async def test_an_address_where_nobody_is_has_its_own_reaction(url: str, kind: str) -> None:
    found = await outcome(url)
    assert isinstance(found, EndpointError) and found.kind == kind and found.retryable
    assert type(found).__name__ == "NoConnection"


async def test_tls_that_fails_is_no_connection() -> None:
    async with running_server(SimConfig()) as url:
        found = await outcome(url.replace("http://", "https://"))
    assert isinstance(found, EndpointError) and type(found).__name__ == "NoConnection"


async def test_retry_after_is_left_out_where_it_is_zero() -> None:
    for asked_s, told_s in ((0.0, None), (7.0, 7.0)):
        found = await outcome_of(Fault("rate_limited", retry_after_s=asked_s))
        assert isinstance(found, EndpointError) and found.retry_after_s == told_s


async def test_a_redirect_is_not_followed() -> None:
    found = await outcome_of(parse_fault("redirect"))
    assert isinstance(found, NotServed) and "redirect" in found.what
