"""Reads the body of /v1/chat/completions, streamed or not. What breaks the API's promise is a BadResponse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from funcdex.endpoints.classify import error_message, message_of
from funcdex.endpoints.events import is_stream, joined
from funcdex.endpoints.native_calls import native_calls
from funcdex.endpoints.reasoning import reasoning_tokens, split_reasoning
from funcdex.errors import BadResponse
from funcdex.types.request import NativeCall

_MOST_TOKENS = 10**9
"""A count beyond is none: it would spoil every sum that it goes into."""
_NO_MAPPING: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """The first choice. Counts are 0 where the server gives none; `finish_reason` is then `unknown`."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    calls: tuple[NativeCall, ...] = ()


def read_reply(body: bytes, *, where: str, may_be_empty: bool = False) -> Reply:
    """Raises BadResponse: not UTF-8, not JSON (NaN is not), no choice, no content.

    No content is right where the model calls tools, had only begun to reason, or `may_be_empty`, as one that
    has tools: then the text is empty.
    """
    return reply_of(_object(body, where), where=where, may_be_empty=may_be_empty)


def reply_of(data: Mapping[str, object], *, where: str, may_be_empty: bool = False) -> Reply:
    """The same of a body that was read already."""
    choice = _first_choice(data, where)
    message = _mapping(choice.get("message"))
    text, reasoning = split_reasoning(message)
    calls = native_calls(message.get("tool_calls"))
    if text is None and not (reasoning or calls or may_be_empty):
        raise _bad("a choice without content", where)
    usage = _mapping(data.get("usage"))
    completion_tokens = _count(usage, "completion_tokens")
    finish_reason = choice.get("finish_reason")
    if finish_reason == "tool_calls" and calls:
        finish_reason = "stop"
    return Reply(
        text=text or "",
        finish_reason=finish_reason if isinstance(finish_reason, str) else "unknown",
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=completion_tokens,
        reasoning_tokens=reasoning_tokens(usage, reasoning, completion_tokens),
        calls=calls,
    )


def _object(body: bytes, where: str) -> Mapping[str, object]:
    try:
        data = joined(body) if is_stream(body) else orjson.loads(body)
    except ValueError as error:
        raise _bad(f"an answer that is not JSON ({error}): {error_message(body)!r}", where) from error
    if not isinstance(data, dict):
        raise _bad("an answer that is not a JSON object", where)
    return data


def _first_choice(data: Mapping[str, object], where: str) -> Mapping[str, object]:
    choices = data.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    said = data.get("error")
    detail = f": {message_of(said)}" if said else ""
    raise _bad(f"an answer without choices{detail}", where)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _NO_MAPPING


def _count(usage: Mapping[str, object], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else 0


def _bad(what: str, where: str) -> BadResponse:
    return BadResponse(what, where=where, fix="See the server's log.")
