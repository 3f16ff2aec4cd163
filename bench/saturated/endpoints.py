"""Endpoints in this process: the pool's own clients, with an arithmetic server where HTTP would be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import httpx
import orjson
from overhead.candidate import facts_of
from saturated.answers import Answers
from saturated.model_server import ModelServer

from funcdex.endpoints.http import EndpointClient
from funcdex.pool.joining import Candidate
from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Message, Request, Sampling


class ModelEndpoint(httpx.AsyncBaseTransport):
    """Answers after the time that `server` takes. A prompt says how long its answer is (`request_for`)."""

    def __init__(self, url: str, server: ModelServer) -> None:
        self.server = server
        self.client = EndpointClient(EndpointSpec(url=url), self)
        self._answers = Answers(server)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A completion; nothing else is known of it but that it is there."""
        if request.method != "POST":
            return httpx.Response(200, content=b"{}")
        tokens = int(orjson.loads(request.content)["messages"][0]["content"])
        await self._answers.wait_for(tokens)
        usage = {"prompt_tokens": 0, "completion_tokens": tokens}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "text"}}
        return httpx.Response(200, content=orjson.dumps({"choices": [choice], "usage": usage}))

    def look(self) -> None:
        """Gives the answers that are due."""
        self._answers.look()


def candidate(endpoint: ModelEndpoint, *, slots: int | None = None) -> Candidate:
    """An endpoint as the probe would have found it; with `slots` it tells how many it has."""
    return Candidate(endpoint.client, facts_of(endpoint.client.spec.url, slots))


def request_for(tokens: int, *, name: str = "c1", stage: str = "scenario", priority: int = 0) -> Request:
    """A request for an answer of so many tokens."""
    return Request(
        conversation_id=name,
        stage=stage,
        messages=(Message("user", str(tokens)),),
        sampling=Sampling(max_tokens=4096),
        timeout_s=3600.0,
        priority=priority,
    )


def slot_seconds(endpoints: Iterable[ModelEndpoint]) -> float:
    """What all of them have spent so far."""
    return sum(endpoint.server.busy_s for endpoint in endpoints)


def all_slots(endpoints: Sequence[ModelEndpoint]) -> int:
    """Over all of them."""
    return sum(endpoint.server.slots for endpoint in endpoints)
