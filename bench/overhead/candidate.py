"""The mock server as the pool sees an endpoint that was probed."""

from __future__ import annotations

import httpx

from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.pool.joining import Candidate
from funcdex.settings.endpoint_spec import EndpointSpec


def mock_candidate(url: str, transport: httpx.AsyncBaseTransport) -> Candidate:
    """The mock at `url`, as a vLLM that enforces grammars."""
    facts = EndpointFacts(
        base_url=url,
        kind="vllm",
        server_version="mock",
        model="mock",
        models=("mock",),
        context_tokens=None,
        slots=None,
        dialect="lark",
        enforces=True,
    )
    return Candidate(EndpointClient(EndpointSpec(url=url), transport), facts)
