"""What a model answered, and the calls in it. Whatever it wrote, this reads it and raises nothing.

Native calls are those that the server tells apart. A server without a parser for its model's calls returns
them in the text; where that is asked for, text in the manner of Hermes is read:

    <tool_call>
    {"name": "SEND", "arguments": {"to": "Ada"}}
    </tool_call>
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from funcdex.dml.jsontext import MAX_DEPTH, flaw_of
from funcdex.export.sample import read_json
from funcdex.types.conversation import JsonValue
from funcdex.types.request import NativeCall

MOST_CALLS = 64
"""Of one answer, that are looked at: all of them would be compared with each other."""
MOST_ARGUMENT_CHARS = 200_000
"""Longer arguments are as good as none."""

_LONG_NUMBER = re.compile(r"\d{16}")
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came. Tokens are 0 where the server tells none."""

    text: str
    calls: tuple[NativeCall, ...]
    finish_reason: str
    model: str = ""
    endpoint: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    latency_s: float = 0.0
    simulated: bool = False

    @property
    def cut_off(self) -> bool:
        """Whether it met the limit of its length."""
        return self.finish_reason == "length"


@dataclass(frozen=True, slots=True)
class Called:
    """A call of an answer. `values` are its arguments; None where they are no JSON object, and `fault` says
    why. `said` is the text as it came."""

    name: str
    said: str
    values: Mapping[str, JsonValue] | None
    fault: str = ""


def calls_of(answer: Answer, *, in_text: bool = False) -> tuple[Called, ...]:
    """The calls, in order. `in_text`: those in the text count where there are no native ones."""
    calls = tuple(_called(call.name, call.arguments) for call in answer.calls[:MOST_CALLS])
    return calls or (tuple(_in_text(answer.text)) if in_text else ())


def _called(name: str, arguments: str) -> Called:
    if not arguments.strip():  # What many a server makes of a call without arguments.
        return Called(name, arguments, {})
    try:
        return Called(name, arguments, _object(arguments))
    except (ValueError, RecursionError) as error:
        return Called(name, arguments, None, f"the arguments are {error}")


def _in_text(text: str) -> Iterator[Called]:
    start = text.find(_OPEN)
    for _ in range(MOST_CALLS):
        if start < 0:
            return
        start += len(_OPEN)
        end = text.find(_CLOSE, start)
        yield _read_call(text[start:].strip() if end < 0 else text[start:end].strip())
        start = -1 if end < 0 else text.find(_OPEN, end)


def _read_call(said: str) -> Called:
    try:
        told = _object(said)
    except (ValueError, RecursionError) as error:
        return Called("", said, None, f"the call is {error}")
    name, arguments = told.get("name"), told.get("arguments", {})
    if not isinstance(name, str):
        return Called("", said, None, "the call has no name")
    if isinstance(arguments, str):
        return _called(name, arguments)
    if not isinstance(arguments, dict):
        return Called(name, said, None, "the arguments are no JSON object")
    return Called(name, said, arguments)


def _object(text: str) -> dict[str, Any]:
    """The object that a text holds. Raises ValueError with the end of a sentence."""
    if len(text) > MOST_ARGUMENT_CHARS:
        raise ValueError(f"longer than {MOST_ARGUMENT_CHARS:,} characters")
    try:
        value = read_json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    # What is nested deep, or only the slower reader takes, may be what nothing else here can carry.
    suspicious = text.count("[") + text.count("{") > MAX_DEPTH or _LONG_NUMBER.search(text)
    if suspicious and (flaw := flaw_of(value)) is not None:
        raise ValueError(f"of no use: {flaw}")
    return value
