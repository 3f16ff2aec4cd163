"""Endpoints as a run needs them: simulated ones started, listed ones found, all of them probed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
import httpx

from funcdex.discovery.source import source_of
from funcdex.endpoints.http import open_transport
from funcdex.errors import DiscoveryError
from funcdex.pool.following import Fleet, Probe
from funcdex.pool.joining import Candidate, probe_all, probe_each
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.load import api_key_of
from funcdex.settings.tree import Settings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints


@dataclass(frozen=True, slots=True)
class Served:
    """The endpoints of a run as it begins, and `fleet`, which follows those that come and go; None where all
    are named."""

    candidates: tuple[Candidate, ...]
    fleet: Fleet | None


@asynccontextmanager
async def probed_endpoints(
    settings: Settings, *, one_is_needed: bool, ask_for_grammar: bool = True
) -> AsyncIterator[tuple[Candidate, ...]]:
    """Every endpoint of the settings and what the probe found, connections open as long as the block. What
    lists endpoints is asked once. Without `ask_for_grammar`, one that knows no grammar will do.

    Raises ConfigError for a key that is not there, or a simulated endpoint that does not start; and
    NoEndpointAvailable if `one_is_needed` and none can be used, or none is listed.
    """
    async with AsyncExitStack() as stack:
        named, listings = await _ready_specs(settings, stack)
        transport = await stack.enter_async_context(open_transport())
        specs = dict.fromkeys([*named, *await _listed_once(listings, settings)])
        probe = probe_all if one_is_needed else probe_each
        yield await probe(
            tuple(specs),
            transport,
            timeout_s=settings.pool.probe_timeout_s,
            now=time.monotonic,
            ask_for_grammar=ask_for_grammar,
        )


async def started_endpoints(settings: Settings, stack: AsyncExitStack) -> list[EndpointSpec]:
    """Every endpoint of the settings with its key, simulated ones started and ended with the stack, and what
    lists others.

    Raises ConfigError for a key that is not there, or a simulated endpoint that does not start.
    """
    return [_ready(spec, settings) for spec in await _expanded(settings.endpoints, stack)]


@asynccontextmanager
async def served_endpoints(
    settings: Settings, say: Callable[[str], None], welcomed: Callable[[Candidate], None]
) -> AsyncIterator[Served]:
    """As `probed_endpoints`, for a run: where endpoints are listed it waits until one can be used, and they
    may come and go. `say` is for the user, `welcomed` gets each endpoint that was probed in mid-run."""
    async with AsyncExitStack() as stack:
        named, listings = await _ready_specs(settings, stack)
        transport = await stack.enter_async_context(open_transport())
        if not listings:
            timeout_s = settings.pool.probe_timeout_s
            found = await probe_all(named, transport, timeout_s=timeout_s, now=time.monotonic)
            yield Served(found, None)
            return
        fleet = Fleet(
            [source_of(spec, settings.discovery.timeout_s) for spec in listings],
            settings.discovery,
            settings.pool.give_up_after_s,
            _probe(transport, settings.pool.probe_timeout_s),
            time.monotonic,
            anyio.sleep,
            say,
            welcomed,
        )
        yield Served(await fleet.assemble(named), fleet)


def _probe(transport: httpx.AsyncBaseTransport, timeout_s: float) -> Probe:
    return partial(probe_each, transport=transport, timeout_s=timeout_s, now=time.monotonic)


async def _ready_specs(
    settings: Settings, stack: AsyncExitStack
) -> tuple[list[EndpointSpec], list[EndpointSpec]]:
    """The endpoints that are named, simulated ones started, and what lists others."""
    ready = await started_endpoints(settings, stack)
    return [one for one in ready if not one.listing], [one for one in ready if one.listing]


async def _listed_once(listings: Sequence[EndpointSpec], settings: Settings) -> list[EndpointSpec]:
    found: list[EndpointSpec] = []
    for spec in listings:
        source = source_of(spec, settings.discovery.timeout_s)
        listed = await source.listed()
        if not listed:
            raise DiscoveryError(
                "it lists no endpoint", where=source.name, fix="Start one and have it listed."
            )
        found += listed
    return found


def _ready(spec: EndpointSpec, settings: Settings) -> EndpointSpec:
    """With its key, and with the run's model and dialect where it names none of its own."""
    own = {"model": spec.model or settings.model, "dialect": spec.dialect or settings.grammar.dialect}
    return spec.model_copy(update={"api_key": api_key_of(spec), **own})


async def _expanded(specs: Sequence[EndpointSpec], stack: AsyncExitStack) -> list[EndpointSpec]:
    """`sim:4` as four started endpoints."""
    expanded: list[EndpointSpec] = []
    config = SimConfig()
    for spec in specs:
        if spec.simulated:
            endpoints = simulated_endpoints(spec.simulated, config)
            urls = await stack.enter_async_context(endpoints)
            limit = spec.max_in_flight or config.slots
            expanded += [spec.model_copy(update={"url": url, "max_in_flight": limit}) for url in urls]
        else:
            expanded.append(spec)
    return expanded
