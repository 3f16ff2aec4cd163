"""Two versions of a conversation side by side, line by line, with the words that differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from funcdex.types.conversation import Conversation, JsonValue

MOST_LINES = 3_000
_AROUND = 3
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Part:
    """Words of a line; `changed` where the other side has others."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """A line of one version and its number, from 1."""

    number: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Pair:
    """Lines that stand beside each other. `sort` is `same`, `changed`, or `left out`: `count` lines that are
    the same on both sides and not shown."""

    sort: str
    left: Side | None = None
    right: Side | None = None
    count: int = 0


def lines_of(conversation: Conversation) -> list[str]:
    """A conversation as lines to compare: who speaks, every line of what is said, JSON one member a line."""
    return list(_lines(conversation))[:MOST_LINES]


def compared(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """The two, side by side; long stretches that are the same are left out."""
    pairs: list[Pair] = []
    # Without its own shortcuts the comparison of long texts takes minutes.
    matcher = SequenceMatcher(None, left, right, autojunk=len(left) + len(right) > 1_000)
    opcodes = matcher.get_opcodes()
    for tag, i1, i2, j1, j2 in opcodes:
        if tag == "equal":
            pairs.extend(_same(left, i1, i2, j1, first=i1 == 0 and j1 == 0, last=i2 == len(left)))
        else:
            pairs.extend(_changed(left[i1:i2], right[j1:j2], i1, j1))
    return pairs


def _same(left: Sequence[str], i1: int, i2: int, j1: int, *, first: bool, last: bool) -> Iterator[Pair]:
    head, tail = (0 if first else _AROUND), (0 if last else _AROUND)
    hidden = (i2 - i1) - head - tail
    for at in range(i1, i2):
        place = at - i1
        if hidden > 2 and head <= place < head + hidden:
            if place == head:
                yield Pair("left out", count=hidden)
            continue
        parts = (Part(left[at]),)
        yield Pair("same", Side(at + 1, parts), Side(j1 + place + 1, parts))


def _changed(left: Sequence[str], right: Sequence[str], i1: int, j1: int) -> Iterator[Pair]:
    for number, (one, other) in enumerate(zip_longest(left, right)):
        ours, theirs = _words(one, other)
        yield Pair(
            "changed",
            None if one is None else Side(i1 + number + 1, ours),
            None if other is None else Side(j1 + number + 1, theirs),
        )


def _words(one: str | None, other: str | None) -> tuple[Sequence[Part], Sequence[Part]]:
    if one is None or other is None:
        return (Part(one or "", True),), (Part(other or "", True),)
    ours, theirs = _WORDS.findall(one), _WORDS.findall(other)
    if len(ours) > _MOST_WORDS or len(theirs) > _MOST_WORDS:
        return (Part(one, True),), (Part(other, True),)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    left: list[Part] = []
    right: list[Part] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        left += [Part("".join(ours[i1:i2]), tag != "equal")] if i2 > i1 else []
        right += [Part("".join(theirs[j1:j2]), tag != "equal")] if j2 > j1 else []
    return left, right


def _lines(conversation: Conversation) -> Iterator[str]:
    for number, turn in enumerate(conversation.turns, 1):
        yield f"── turn {number}: user"
        yield from turn.user.split("\n")
        for message in turn.messages:
            yield "── assistant"
            if message.thought is not None:
                yield from (f"(thinks) {line}" for line in message.thought.split("\n"))
            yield from message.text.split("\n") if message.text else ()
            for step in message.steps:
                for call, response in zip(step.calls, step.responses, strict=True):
                    yield f"── call {call.name}"
                    yield from _json(dict(call.arguments))
                    yield "── response"
                    yield from _json(response)


def _json(value: JsonValue) -> list[str]:
    try:
        return json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    except ValueError:
        return ["…"]
