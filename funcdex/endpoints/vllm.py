"""vLLM's notation of a request, and what it says of itself. Also used for servers nobody recognises."""

from __future__ import annotations

from funcdex.endpoints.chat import chat_body
from funcdex.endpoints.facts import EndpointFacts, Identity
from funcdex.endpoints.http import EndpointClient
from funcdex.types.request import Dialect, Request

DIALECT: Dialect = "lark"

# No tokenizer has fewer characters a token on average than this, in the languages we write.
_FEWEST_CHARS_PER_TOKEN = 2


def body_of(request: Request, facts: EndpointFacts) -> dict[str, object]:
    """The body of a chat completion.

    `max_tokens` is left out where prompt and answer might not fit the context together: vLLM refuses such a
    request, but of itself lets an answer take what the prompt leaves.
    """
    fits = _fits(request, facts.context_tokens)
    body = chat_body(
        request,
        model=facts.model,
        max_tokens=request.sampling.max_tokens if fits else None,
        seed=request.sampling.seed,
    )
    if request.grammar is not None:
        body["structured_outputs"] = {"grammar": request.grammar.render(DIALECT)}
    return body


def _fits(request: Request, context_tokens: int | None) -> bool:
    if context_tokens is None:
        return True
    chars = sum(len(message.content) for message in request.messages)
    return chars // _FEWEST_CHARS_PER_TOKEN + request.sampling.max_tokens <= context_tokens


async def identify(client: EndpointClient, *, timeout_s: float) -> Identity | None:
    """None if this is no vLLM. Raises EndpointError if it does not answer.

    The simulated endpoint calls itself a vLLM too, with `+sim` behind its version.
    """
    said = await client.find("/version", timeout_s=timeout_s)
    if said is None or not isinstance(version := said.get("version"), str):
        return None
    return Identity(kind="vllm", version=version, simulated=version.endswith("+sim"))
