"""Asks all endpoints at once what they are, before a run and for `doctor`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
import httpx
from pydantic import SecretStr

from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.probe import probe
from funcdex.errors import NoEndpointAvailable
from funcdex.settings.endpoint_spec import EndpointSpec

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """An endpoint and what the probe found."""

    client: EndpointClient
    found: EndpointFacts | Refused


async def probe_each(
    specs: Sequence[EndpointSpec],
    transport: httpx.AsyncBaseTransport,
    *,
    timeout_s: float,
    now: Callable[[], float],
    api_key: SecretStr | None = None,
    require_enforcement: bool = True,
    ask_for_grammar: bool = True,
) -> tuple[Candidate, ...]:
    """What each endpoint is, in the order of `specs`. Raises ConfigError for a key that cannot be sent.

    `api_key` is for those that name none of their own; simulated ones must have become URLs by now.
    """
    clients = [EndpointClient(spec, transport, api_key=api_key) for spec in specs]
    found: dict[int, EndpointFacts | Refused] = {}

    async def ask(index: int) -> None:
        found[index] = await probe(
            clients[index],
            timeout_s=timeout_s,
            now=now,
            require_enforcement=require_enforcement,
            ask_for_grammar=ask_for_grammar,
        )

    async with anyio.create_task_group() as tg:
        for index in range(len(clients)):
            tg.start_soon(ask, index)
    return tuple(Candidate(client, found[index]) for index, client in enumerate(clients))


async def probe_all(
    specs: Sequence[EndpointSpec],
    transport: httpx.AsyncBaseTransport,
    *,
    timeout_s: float,
    now: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    api_key: SecretStr | None = None,
    require_enforcement: bool = True,
    ask_for_grammar: bool = True,
) -> tuple[Candidate, ...]:
    """As `probe_each`, but raises NoEndpointAvailable, with every reason, if none can be used.

    While none can, but one might yet, it asks again after a second, ROUNDS times in all: a single fault must
    not end a run before it began.
    """
    for attempt in range(1, ROUNDS + 1):
        candidates = await probe_each(
            specs,
            transport,
            timeout_s=timeout_s,
            now=now,
            api_key=api_key,
            require_enforcement=require_enforcement,
            ask_for_grammar=ask_for_grammar,
        )
        refused = [candidate.found for candidate in candidates if isinstance(candidate.found, Refused)]
        if len(refused) < len(candidates):
            return candidates
        if attempt == ROUNDS or all(one.final for one in refused):
            break
        await sleep(1.0)
    raise NoEndpointAvailable(
        "no endpoint can be used",
        where="; ".join(f"{one.spec.url}: {one.reason}" for one in refused) or "none was named",
        fix="Start one, or correct its URL and options; `funcdex doctor` tells more.",
    )
