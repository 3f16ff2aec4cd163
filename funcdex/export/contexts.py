"""The places of a conversation at which a model can be asked what comes next, and what should come.

    user, assistant(calls), tool, assistant(text), user, assistant(calls), ...
          ^ call                                         ^ call

A context is all messages before one of the assistant's. Three sorts are of use:

- `call`: the assistant calls tools there, and these calls are what is expected;
- `abstain`: it calls nothing, and nothing should be called: the request has no tool, or lacks something;
- `report`: a call has failed, and the assistant tells the user instead of calling again.

What else the assistant says (a result told, a farewell) is not asked for: that no call is right there says
little of a model. Nor are messages that the data set says are not to be learnt (`loss_mask`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funcdex.export.sample import Call, Message, Sample, read_json
from funcdex.types.error_response import is_error
from funcdex.types.kind import Kind

Sort = Literal["call", "abstain", "report"]

NOTHING_TO_CALL: frozenset[Kind] = frozenset({"missing_tool", "irrelevant_request"})
"""Kinds in which no call is ever right."""
ASK_FIRST: frozenset[Kind] = frozenset({"missing_parameter", "ambiguous_request"})
"""Kinds in which none is right before the assistant has asked."""


@dataclass(frozen=True, slots=True)
class Context:
    """The messages of `sample` before `at`. `turn` counts the user's messages among them, from 1;
    `after_error`: the newest of them say that a call failed."""

    sample: Sample
    at: int
    sort: Sort
    turn: int
    after_error: bool

    @property
    def expected(self) -> tuple[Call, ...]:
        """The calls that should come; () where none should."""
        return self.sample.messages[self.at].calls


def contexts_of(sample: Sample) -> Iterator[Context]:
    """Every context of a sample, in order; none of one without tools, where there is nothing to choose."""
    if not sample.tools:
        return
    calls_nothing = not any(message.calls for message in sample.messages)
    turn, called = 0, False
    for at, message in enumerate(sample.messages):
        if message.role == "user":
            turn += 1
        if message.role != "assistant" or turn == 0:
            continue
        after_error = _after_error(sample.messages, at)
        sort = _sort_of(sample.kind, message, after_error, called, calls_nothing)
        called = called or bool(message.calls)
        if sort is not None and message.trained:
            yield Context(sample, at, sort, turn, after_error)


def _sort_of(
    kind: str, message: Message, after_error: bool, called: bool, calls_nothing: bool
) -> Sort | None:
    if message.calls:
        return "call"
    if after_error:
        return "report"
    if kind in NOTHING_TO_CALL or (not kind and calls_nothing):
        return "abstain"
    return "abstain" if kind in ASK_FIRST and not called else None


def _after_error(messages: tuple[Message, ...], at: int) -> bool:
    """Whether one of the responses right before says that its call failed."""
    while at > 0 and messages[at - 1].role == "tool":
        at -= 1
        if _tells_error(messages[at].text):
            return True
    return False


def _tells_error(text: str) -> bool:
    if '"error"' not in text:
        return False
    try:
        return is_error(read_json(text))
    except (ValueError, RecursionError):
        return False
