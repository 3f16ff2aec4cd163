"""Reads the body of /v1/chat/completions, streamed or not. What breaks the API's promise is a BadResponse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from funcdex.endpoints.classify import error_message, message_of
from funcdex.endpoints.events import is_stream, joined
from funcdex.endpoints.reasoning import reasoning_tokens, split_reasoning
from funcdex.errors import BadResponse
from funcdex.types.request import NativeCall

_MOST_TOKENS = 10**9
"""A count beyond is none: it would spoil every sum that it goes into."""
_MOST_CALLS = 64
"""Calls in one message that are read."""
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


def read_reply(body: bytes, *, where: str) -> Reply:
    """Raises BadResponse: not UTF-8, not JSON (NaN is not), no choice, no content.

    No content is right where the model had only begun to reason: then the text is empty.
    """
    return reply_of(_object(body, where), where=where)


def reply_of(data: Mapping[str, object], *, where: str) -> Reply:
    """The same of a body that was read already."""
    choice = _first_choice(data, where)
    message = _mapping(choice.get("message"))
    text, reasoning = split_reasoning(message)
    calls = _calls(message.get("tool_calls"))
    if text is None and not reasoning and not calls:
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


def _calls(told: object) -> tuple[NativeCall, ...]:
    """What a model calls; the name is "" and the arguments are what they are where it is no proper call.

    Arguments are text with OpenAI, vLLM and llama.cpp; with some services they are JSON.
    """
    entries = told if isinstance(told, list) else []
    return tuple(_call(_mapping(one), number) for number, one in enumerate(entries[:_MOST_CALLS]))


def _call(entry: Mapping[str, object], number: int) -> NativeCall:
    function = _mapping(entry.get("function"))
    id, name, arguments = entry.get("id"), function.get("name"), function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else orjson.dumps(arguments).decode()
    return NativeCall(
        id if isinstance(id, str) else f"call{number}", name if isinstance(name, str) else "", arguments
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
