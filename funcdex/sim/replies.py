"""Bodies of answers in OpenAI's shape, as vLLM writes them. Every one is marked as simulated."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson

from funcdex.sim.config import MODEL
from funcdex.sim.generation import Generation
from funcdex.sim.request import CompletionRequest

VERSION = "0.32.0+sim"
"""Of the vLLM whose dialect this is."""

DONE = b"data: [DONE]\n\n"
_HERE = "\ufffe"
_ERROR_TYPES = {400: "BadRequestError", 404: "NotFoundError", 429: "TooManyRequestsError"}


def error_body(status: int, message: str, param: str | None = None) -> bytes:
    """An error as vLLM reports it."""
    kind = _ERROR_TYPES.get(status, HTTPStatus(status).phrase.replace(" ", "") + "Error")
    error = {"message": message, "type": kind, "param": param, "code": status}
    return orjson.dumps({"error": error})


def models_body(max_model_len: int, created_s: int) -> bytes:
    """The list of models: one."""
    model = {"id": MODEL, "object": "model", "created": created_s, "owned_by": MODEL, "root": MODEL}
    entry = model | {"parent": None, "max_model_len": max_model_len, "permission": []}
    return orjson.dumps({"object": "list", "data": [entry]})


def whole_body(request: CompletionRequest, generation: Generation, created_s: int) -> bytes:
    """The answer that is not streamed."""
    native = generation.native
    said: dict[str, Any] = {"role": "assistant", "content": generation.text}
    if native is not None:
        said["content"] = native.text or (None if native.calls else "")
        if native.calls:
            said["tool_calls"] = native.as_json(numbered=False)
    content: dict[str, Any] = {"message": said} if request.chat else {"text": generation.text}
    choice = {"index": 0, **content, "logprobs": None, "finish_reason": _reason(generation)}
    head = _head(request, created_s, chunk=False)
    return orjson.dumps({**head, "choices": [choice], "usage": _usage(request, generation)})


def events(request: CompletionRequest, generation: Generation, created_s: int) -> Iterator[bytes]:
    """The answer as server-sent events, one for each token; the first carries the role with it, the last the
    end, the usage if that was asked for, and the mark of the end of the stream."""
    head = _head(request, created_s, chunk=True)
    before, after = _event(head, _delta(request, _HERE), None).split(orjson.dumps(_HERE))
    role = _event(head, {"delta": {"role": "assistant", "content": ""}}, None) if request.chat else b""
    end = _event(head, _delta(request, ""), _reason(generation)) + _usage_event(head, request, generation)
    if (native := generation.native) is not None:
        yield role + (_event(head, _delta(request, native.text), None) if native.text else b"")
        if native.calls:
            yield _event(head, {"delta": {"tool_calls": native.as_json(numbered=True)}}, None)
        yield end + DONE
        return
    last = len(generation.tokens) - 1
    for index, token in enumerate(generation.tokens):
        event = before + orjson.dumps(token) + after
        yield (role if not index else b"") + event + (end + DONE if index == last else b"")
    if last < 0:
        yield role + end + DONE


def _reason(generation: Generation) -> str:
    called = generation.native is not None and generation.native.calls
    return "tool_calls" if called and generation.finish_reason == "stop" else generation.finish_reason


def _delta(request: CompletionRequest, text: str) -> dict[str, Any]:
    return {"delta": {"content": text}} if request.chat else {"text": text}


def _event(head: dict[str, Any], content: dict[str, Any], finish_reason: str | None) -> bytes:
    choice = {"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}
    return b"data: " + orjson.dumps({**head, "choices": [choice]}) + b"\n\n"


def _usage_event(head: dict[str, Any], request: CompletionRequest, generation: Generation) -> bytes:
    if not request.include_usage:
        return b""
    return b"data: " + orjson.dumps({**head, "choices": [], "usage": _usage(request, generation)}) + b"\n\n"


def _head(request: CompletionRequest, created_s: int, *, chunk: bool) -> dict[str, Any]:
    kind = ("chat.completion.chunk" if chunk else "chat.completion") if request.chat else "text_completion"
    head = {"id": request.id, "object": kind, "created": created_s}
    return head | {"model": MODEL, "system_fingerprint": MODEL}


def _usage(request: CompletionRequest, generation: Generation) -> dict[str, int]:
    prompt, completion = request.prompt_tokens, len(generation.tokens)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
