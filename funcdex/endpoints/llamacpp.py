"""llama-server's notation of a request, and what it says of itself.

{"grammar": "root ::= ..."}
"""

from __future__ import annotations

from funcdex.endpoints.chat import chat_body
from funcdex.endpoints.facts import EndpointFacts, Identity
from funcdex.endpoints.http import EndpointClient
from funcdex.types.request import Dialect, Request

DIALECTS: tuple[Dialect, ...] = ("gbnf",)
WITHOUT_METRICS: str | None = "no /metrics: start llama-server with --metrics."

# Seeds are 32 bits wide there, and the highest one stands for "draw one".
_SEEDS = 2**32 - 1


def body_of(request: Request, facts: EndpointFacts) -> dict[str, object]:
    """The body of a chat completion. An answer that meets the end of the context ends with `length`."""
    seed = request.sampling.seed
    body = chat_body(
        request,
        model=facts.model,
        max_tokens=request.sampling.max_tokens,
        seed=None if seed is None else seed % _SEEDS,
    )
    if request.grammar is not None:
        body["grammar"] = request.grammar.render(facts.dialect)
    if request.native is not None:
        body["parallel_tool_calls"] = True  # Everybody's default but its own.
    return body


async def identify(client: EndpointClient, *, timeout_s: float) -> Identity | None:
    """None if this is no llama-server. Raises EndpointError if it does not answer."""
    said = await client.find("/props", timeout_s=timeout_s)
    if said is None or not isinstance(slots := said.get("total_slots"), int):
        return None
    defaults = said.get("default_generation_settings")
    context = defaults.get("n_ctx") if isinstance(defaults, dict) else None
    version = said.get("build_info")
    return Identity(
        kind="llamacpp",
        version=version if isinstance(version, str) else "unknown",
        slots=slots,
        context_tokens=context if isinstance(context, int) else None,
    )
