"""Splits what a model thought aloud from what it answered.

{"reasoning": "hm", "content": "Yes"}           -> "Yes", reasoning "hm"   (vLLM, gpt-oss)
{"reasoning_content": "hm", "content": "Yes"}   -> "Yes", reasoning "hm"   (llama.cpp, older vLLM)
{"content": "<think>hm</think>\\n\\nYes"}         -> "Yes", reasoning "hm"   (a server that does not split)
{"content": "hm</think>Yes"}                    -> "Yes", reasoning "hm"   (the template opened it)
{"content": "<think>hm"}                        -> "", reasoning "hm"      (cut off while thinking)
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

_OPEN, _CLOSE = "<think>", "</think>"
_CHARS_PER_TOKEN = 4


def split_reasoning(message: Mapping[str, object]) -> tuple[str | None, str]:
    """(answer, reasoning) of a chat message; the answer is None where the message has no content."""
    apart = next(
        (text for key in ("reasoning", "reasoning_content") if isinstance(text := message.get(key), str)), ""
    )
    content = message.get("content")
    if not isinstance(content, str):
        return None, apart
    answer, inline = _split_inline(content)
    return answer, apart + inline


def _split_inline(content: str) -> tuple[str, str]:
    start = content.lstrip()
    if not start.startswith(_OPEN):
        before, close, after = content.partition(_CLOSE)
        opened_by_template = bool(close) and _OPEN not in before
        return (after.lstrip(), before) if opened_by_template else (content, "")
    reasoning, _, answer = start.removeprefix(_OPEN).partition(_CLOSE)
    return answer.lstrip(), reasoning


def reasoning_tokens(usage: Mapping[str, object], reasoning: str, completion_tokens: int) -> int:
    """Tokens spent on reasoning: the server's figure, else a quarter of the characters.

    An estimate never exceeds `completion_tokens`, which include them.
    """
    details = usage.get("completion_tokens_details")
    for place in (details, usage):  # SGLang counts them in the usage itself.
        counted = place.get("reasoning_tokens") if isinstance(place, Mapping) else None
        if isinstance(counted, int) and counted > 0:
            return counted
    return min(ceil(len(reasoning) / _CHARS_PER_TOKEN), completion_tokens)
