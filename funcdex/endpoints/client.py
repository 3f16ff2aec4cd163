"""One request at one endpoint, from our words to the server's and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio
import orjson

from funcdex.endpoints.answer import Reply, read_reply
from funcdex.endpoints.events import is_stream
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.servers import SERVERS
from funcdex.errors import RequestRefused
from funcdex.off_loop import off_loop
from funcdex.types.request import Completion, Request


async def complete(
    request: Request,
    facts: EndpointFacts,
    client: EndpointClient,
    now: Callable[[], float],
    scope: anyio.CancelScope | None = None,
) -> Completion:
    """Sends the request once; its deadline runs from here. `now` is monotonic, in seconds.

    Raises EndpointError, and CalledOff once `scope` is cancelled.
    """
    await render_grammar(request, facts)
    body = encoded(request, facts)
    sent_s = now()
    answer = await client.post("/v1/chat/completions", body, timeout_s=request.timeout_s, scope=scope)
    # Thousands of events take tens of milliseconds; a plain answer takes none to speak of.
    read = partial(read_reply, answer, where=facts.base_url, may_be_empty=request.native is not None)
    reply = await off_loop(read) if is_stream(answer) else read()
    return completion_of(reply, facts, now() - sent_s)


async def render_grammar(request: Request, facts: EndpointFacts) -> None:
    """Tens of milliseconds for large tools. A grammar keeps its text, so the body is quick to make then."""
    if request.grammar is not None and not request.grammar.is_rendered(facts.dialect):
        await off_loop(request.grammar.render, facts.dialect)


def completion_of(reply: Reply, facts: EndpointFacts, latency_s: float) -> Completion:
    """What an endpoint answered, as a stage sees it."""
    return Completion(
        text=reply.text,
        finish_reason=reply.finish_reason,
        endpoint=facts.base_url,
        model=facts.model,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        simulated=facts.simulated,
        latency_s=latency_s,
        calls=reply.calls,
    )


def encoded(request: Request, facts: EndpointFacts, *, stream: bool = False) -> bytes:
    """The body of a request as the endpoint takes it. Raises RequestRefused for text that is no JSON."""
    streaming = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    try:
        return orjson.dumps(SERVERS[facts.kind].body_of(request, facts) | streaming)
    except orjson.JSONEncodeError as error:
        raise RequestRefused(
            f"the prompt of {request.conversation_id} cannot be sent as JSON: {error}",
            where=f"stage {request.stage}",
            fix="Look for half of a surrogate pair in the tool definitions.",
        ) from error
