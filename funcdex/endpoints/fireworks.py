"""Fireworks' notation of a request. A service, not a server: its host tells what it is.

{"response_format": {"type": "grammar", "grammar": "root ::= ..."}}
"""

from __future__ import annotations

from urllib.parse import urlsplit

from funcdex.endpoints.chat import chat_body
from funcdex.endpoints.facts import EndpointFacts, Identity
from funcdex.endpoints.http import EndpointClient
from funcdex.types.request import Dialect, Request

DIALECTS: tuple[Dialect, ...] = ("gbnf",)
WITHOUT_METRICS: str | None = None

_HOST = "api.fireworks.ai"
# Unknown fields are refused, and so is a value beyond these.
_MAX_TEMPERATURE = 2.0
_MAX_TOP_K = 100
# A longer answer is refused unless it is streamed.
_MAX_TOKENS_AT_ONCE = 4096


def body_of(request: Request, facts: EndpointFacts) -> dict[str, object]:
    """The body of a chat completion. `max_tokens` may exceed the context: the service lowers it."""
    sampling = request.sampling
    body = chat_body(request, model=facts.model, max_tokens=sampling.max_tokens, seed=sampling.seed)
    if sampling.temperature is not None:
        body["temperature"] = min(sampling.temperature, _MAX_TEMPERATURE)
    if sampling.top_k is not None:
        _limit_top_k(body, sampling.top_k)
    if sampling.max_tokens > _MAX_TOKENS_AT_ONCE:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if request.grammar is not None:
        body["response_format"] = {"type": "grammar", "grammar": request.grammar.render(facts.dialect)}
    return body


def _limit_top_k(body: dict[str, object], top_k: int) -> None:
    """-1 and 0 mean "all", which is said by leaving it out."""
    if top_k > 0:
        body["top_k"] = min(top_k, _MAX_TOP_K)
    else:
        del body["top_k"]


async def identify(client: EndpointClient, *, timeout_s: float) -> Identity | None:
    """None if this is not the service. Asks nothing; its list of models leaves many out that it serves."""
    if urlsplit(client.spec.url).hostname != _HOST and client.spec.kind != "fireworks":
        return None
    return Identity(kind="fireworks", version="service", lists_all_models=False)
