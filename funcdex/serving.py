"""Endpoints as a run needs them: simulated ones started, real ones probed, all of them behind one pool."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from funcdex.endpoints.http import open_transport
from funcdex.pool.joining import Candidate, probe_all, probe_each
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.load import api_key_of
from funcdex.settings.tree import Settings
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_endpoints


@asynccontextmanager
async def probed_endpoints(
    settings: Settings, *, one_is_needed: bool, ask_for_grammar: bool = True
) -> AsyncIterator[tuple[Candidate, ...]]:
    """Every endpoint of the settings and what the probe found, connections open as long as the block.
    Without `ask_for_grammar`, one that knows no grammar will do.

    Raises ConfigError for a key that is not there, or a simulated endpoint that does not start; and
    NoEndpointAvailable if `one_is_needed` and none can be used.
    """
    async with AsyncExitStack() as stack:
        specs = await started_endpoints(settings, stack)
        transport = await stack.enter_async_context(open_transport())
        probe = probe_all if one_is_needed else probe_each
        yield await probe(
            specs,
            transport,
            timeout_s=settings.pool.probe_timeout_s,
            now=time.monotonic,
            ask_for_grammar=ask_for_grammar,
        )


async def started_endpoints(settings: Settings, stack: AsyncExitStack) -> list[EndpointSpec]:
    """Every endpoint of the settings with its key, simulated ones started and ended with the stack.

    Raises ConfigError for a key that is not there, or a simulated endpoint that does not start.
    """
    return [_ready(spec, settings) for spec in await _expanded(settings.endpoints, stack)]


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
