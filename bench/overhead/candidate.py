"""The mock server as the pool sees an endpoint that was probed."""

from __future__ import annotations

import httpx

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.pool.joining import Candidate
from funcdex.settings.endpoint_spec import EndpointSpec


def mock_candidate(url: str, transport: httpx.AsyncBaseTransport) -> Candidate:
    """The mock at `url`."""
    return Candidate(EndpointClient(EndpointSpec(url=url), transport), facts_of(url))


def facts_of(url: str, slots: int | None = None) -> EndpointFacts:
    """What a probe would have found there: a vLLM that enforces grammars, and may tell its slots."""
    return EndpointFacts(
        base_url=url,
        kind="vllm",
        server_version="mock",
        model="mock",
        models=("mock",),
        context_tokens=None,
        slots=slots,
        dialect="lark",
        enforces=True,
    )
