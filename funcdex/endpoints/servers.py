"""Every kind of server that funcdex can write a request for, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from funcdex.endpoints import fireworks, llamacpp, sglang, vllm
from funcdex.endpoints.facts import EndpointFacts, Identity, ServerKind
from funcdex.endpoints.http import EndpointClient
from funcdex.settings.endpoint_spec import Kind
from funcdex.types.request import Dialect, Request


class Server(Protocol):
    """One kind. Its dialects, best first; what to do where it has no metrics, None if nothing can be done."""

    DIALECTS: tuple[Dialect, ...]
    WITHOUT_METRICS: str | None

    def body_of(self, request: Request, facts: EndpointFacts) -> dict[str, object]:
        """The body of a chat completion, the grammar written in `facts.dialect`."""

    async def identify(self, client: EndpointClient, *, timeout_s: float) -> Identity | None:
        """None if it is another kind. Raises EndpointError if it does not answer."""


SERVERS: Mapping[ServerKind, Server] = {
    "fireworks": fireworks,
    "vllm": vllm,
    "llamacpp": llamacpp,
    "sglang": sglang,
}
"""In the order in which an endpoint is asked whether it is one."""

GUESSES: tuple[ServerKind, ...] = ("vllm", "sglang", "llamacpp", "fireworks")
"""How a server that is none of them is spoken to, the likeliest first."""


async def identify(client: EndpointClient, kind: Kind, *, timeout_s: float) -> Identity | None:
    """What the server says it is; a `kind` that is not `auto` is believed where it says nothing."""
    if kind != "auto":
        found = await SERVERS[kind].identify(client, timeout_s=timeout_s)
        return found or Identity(kind=kind, version="unknown")
    for server in SERVERS.values():
        found = await server.identify(client, timeout_s=timeout_s)
        if found:
            return found
    return None
