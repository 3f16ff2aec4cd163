"""SGLang's notation of a request, and what it says of itself.

{"ebnf": "root ::= ..."}
{"response_format": {"type": "structural_tag", "format": {...}}}     since autumn 2025
"""

from __future__ import annotations

import orjson

from funcdex.endpoints.chat import chat_body, max_tokens_that_fit
from funcdex.endpoints.facts import EndpointFacts, Identity
from funcdex.endpoints.http import EndpointClient
from funcdex.types.request import Dialect, Request

DIALECTS: tuple[Dialect, ...] = ("ebnf", "structural_tag")
WITHOUT_METRICS: str | None = "no /metrics: start SGLang with --enable-metrics."


def body_of(request: Request, facts: EndpointFacts) -> dict[str, object]:
    """The body of a chat completion."""
    body = chat_body(
        request,
        model=facts.model,
        max_tokens=max_tokens_that_fit(request, facts.context_tokens),
        seed=request.sampling.seed,
    )
    if body.get("top_k") == 0:
        body["top_k"] = -1  # "All", as vLLM says it with either; here 0 is refused.
    if request.grammar is None:
        return body
    text = request.grammar.render(facts.dialect)
    if facts.dialect == "structural_tag":
        # The text is JSON already: as it is, not parsed and written again.
        return body | {"response_format": orjson.Fragment(text)}
    return body | {"ebnf": text}


async def identify(client: EndpointClient, *, timeout_s: float) -> Identity | None:
    """None if this is no SGLang. Raises EndpointError if it does not answer."""
    said = None
    for path in ("/server_info", "/get_server_info"):  # The second is the older name of the first.
        said = said or await client.find(path, timeout_s=timeout_s)
    if said is None or "internal_states" not in said:
        return None
    version, context = said.get("version"), said.get("context_length")
    return Identity(
        kind="sglang",
        version=version if isinstance(version, str) else "unknown",
        slots=_slots(said),
        context_tokens=context if isinstance(context, int) else None,
    )


def _slots(said: dict[str, object]) -> int | None:
    """What its data-parallel ranks run at once; an older server tells only what it was started with."""
    states = said["internal_states"]
    limits = [
        state.get("effective_max_running_requests_per_dp")
        for state in (states if isinstance(states, list) else [states])
        if isinstance(state, dict)
    ]
    told = [limit for limit in limits if isinstance(limit, int)]
    asked = said.get("max_running_requests")
    return sum(told) or (asked if isinstance(asked, int) else None)
