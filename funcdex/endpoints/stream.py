"""One streamed request at one endpoint, with the time at which each piece of the answer came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import anyio
import orjson

from funcdex.endpoints.answer import Reply, read_reply, reply_of
from funcdex.endpoints.client import completion_of, encoded, render_grammar
from funcdex.endpoints.facts import EndpointFacts
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.native_calls import CallPieces
from funcdex.endpoints.sse import EventReader, EventTooLong
from funcdex.errors import BadResponse
from funcdex.types.request import Completion, Request

MAX_EVENT_BYTES = 4 * 1024 * 1024
_FIELDS = ("content", "reasoning", "reasoning_content")
_NOTHING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer and its times. `arrived_s` is when each piece of text or reasoning came; () where the server
    answered all at once."""

    reply: Reply
    sent_s: float
    arrived_s: tuple[float, ...]
    ended_s: float


async def complete_streamed(
    request: Request,
    facts: EndpointFacts,
    client: EndpointClient,
    now: Callable[[], float],
    heard: Callable[[float], None],
    scope: anyio.CancelScope | None = None,
) -> Completion:
    """As `client.complete`, but the answer comes as it is written; `heard` is told when each piece came."""
    await render_grammar(request, facts)
    found = await stream(request, facts, client, now, heard, scope)
    return completion_of(found.reply, facts, found.ended_s - found.sent_s)


async def stream(
    request: Request,
    facts: EndpointFacts,
    client: EndpointClient,
    now: Callable[[], float],
    heard: Callable[[float], None] = lambda at_s: None,
    scope: anyio.CancelScope | None = None,
) -> Streamed:
    """Sends the request once and reads along; its deadline runs from here. `now` is monotonic, in seconds.
    Cancelling it closes the connection, at which servers stop writing.

    The grammar must have been rendered before: that takes milliseconds. Raises EndpointError.
    """
    body = encoded(request, facts, stream=True)
    gathering = _Gathering(facts.base_url, now, heard, client.without_key)
    sent_s = now()
    await client.stream(
        "/v1/chat/completions",
        body,
        timeout_s=request.timeout_s,
        take=gathering.take,
        # llama-server promises to keep the connection, and closes it after every streamed answer; the next
        # request would be lost with it.
        last=facts.kind == "llamacpp",
        scope=scope,
    )
    ended_s = now()
    return Streamed(gathering.reply(), sent_s, tuple(gathering.arrived_s), ended_s)


class _Gathering:
    """Puts pieces of a body together: events, or one JSON object where the server does not stream."""

    def __init__(
        self,
        where: str,
        now: Callable[[], float],
        heard: Callable[[float], None],
        without_key: Callable[[bytes], bytes],
    ) -> None:
        self.arrived_s: list[float] = []
        self._heard = heard
        self._where = where
        self._now = now
        self._without_key = without_key
        self._whole: list[bytes] | None = None
        self._reader: EventReader | None = None
        self._pieces: defaultdict[str, list[str]] = defaultdict(list)
        self._calls = CallPieces()
        self._usage: object = None
        self._finish_reason: object = None
        self._error: object = None

    def take(self, piece: bytes) -> None:
        """A piece of the body, cut anywhere. Raises BadResponse."""
        if self._reader is None and self._whole is None:
            piece = piece.lstrip()  # blanks before an answer say nothing, and there may be megabytes of them
            if not piece:
                return
            if piece.startswith(b"{"):
                self._whole = []
            else:
                self._reader = EventReader(max_event_bytes=MAX_EVENT_BYTES)
        if self._reader is None:
            assert self._whole is not None
            self._whole.append(piece)
            return
        at_s = self._now()
        try:
            for data in self._reader.feed(piece):
                self._event(data, at_s)
        except EventTooLong as error:
            raise self._bad(str(error)) from error

    def reply(self) -> Reply:
        """The answer, once the body has ended. Raises BadResponse."""
        if self._reader is None:
            return read_reply(self._without_key(b"".join(self._whole or [])), where=self._where)
        if self._error is None and self._finish_reason is None:
            raise self._bad("a stream that ends before the answer does")
        if self._error is not None:
            return reply_of({"error": self._error}, where=self._where)
        said: dict[str, object] = {field: "".join(texts) for field, texts in self._pieces.items()}
        message = said | self._calls.message_part() or {"content": ""}
        choice = {"message": message, "finish_reason": self._finish_reason}
        return reply_of({"choices": [choice], "usage": self._usage}, where=self._where)

    def _event(self, data: bytes, at_s: float) -> None:
        if data.strip() == b"[DONE]":
            return
        chunk = self._read(self._without_key(data))
        if chunk.get("error"):
            self._error = chunk["error"]
        self._usage = chunk.get("usage") or self._usage
        choice = _first(chunk.get("choices"))
        self._finish_reason = choice.get("finish_reason") or self._finish_reason
        delta = choice.get("delta")
        said = delta if isinstance(delta, dict) else _NOTHING
        # The role, which comes first, is no token, and neither is the empty text beside it.
        texts = [(field, text) for field in _FIELDS if isinstance(text := said.get(field), str) and text]
        for field, text in texts:
            self._pieces[field].append(text)
        if self._calls.take(said) or texts:
            self.arrived_s.append(at_s)
            self._heard(at_s)

    def _read(self, data: bytes) -> Mapping[str, object]:
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise self._bad(f"an event that is not JSON ({error})") from error
        if not isinstance(chunk, dict):
            raise self._bad("an event that is not a JSON object")
        return chunk

    def _bad(self, what: str) -> BadResponse:
        return BadResponse(what, where=self._where, fix="See the server's log.")


def _first(choices: object) -> Mapping[str, object]:
    """The chunk with the usage has no choice."""
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else _NOTHING
