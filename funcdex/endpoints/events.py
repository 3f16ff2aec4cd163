"""Puts a streamed answer together, as if it had come at once.

Some services refuse a long answer that is not streamed. Nobody here reads along, so the whole body is there
when this begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import orjson

from funcdex.endpoints.native_calls import CallPieces

_FIELDS = ("content", "reasoning", "reasoning_content")


def is_stream(body: bytes) -> bool:
    """Whether a body holds server-sent events rather than a JSON object."""
    return body.lstrip().startswith((b"data:", b"event:", b"id:", b":"))


def joined(body: bytes) -> dict[str, object]:
    """The answer as it would have been without streaming. An error in mid-stream is the whole answer.

    Raises ValueError for what is no such stream, and for one that was cut off.
    """
    pieces: defaultdict[str, list[str]] = defaultdict(list)
    calls = CallPieces()
    usage = finish_reason = None
    for chunk in _chunks(body):
        if "error" in chunk:
            return {"error": chunk["error"]}
        usage = chunk.get("usage") or usage
        choice = _first(chunk.get("choices"))
        finish_reason = choice.get("finish_reason") or finish_reason
        delta = choice.get("delta")
        if isinstance(delta, dict):
            calls.take(delta)
        for field in _FIELDS:
            text = delta.get(field) if isinstance(delta, dict) else None
            if isinstance(text, str):
                pieces[field].append(text)
    if finish_reason is None:
        raise ValueError("a stream that ends before the answer does")
    message = {field: "".join(texts) for field, texts in pieces.items()} | calls.message_part()
    return {"choices": [{"message": message, "finish_reason": finish_reason}], "usage": usage}


def _chunks(body: bytes) -> Iterator[Mapping[str, object]]:
    for line in body.split(b"\n"):
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]" or not line.startswith(b"data:"):
            continue
        chunk = orjson.loads(data)
        if not isinstance(chunk, dict):
            raise ValueError("an event that is not a JSON object")
        yield chunk


def _first(choices: object) -> Mapping[str, object]:
    """The chunk with the usage has no choice."""
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
