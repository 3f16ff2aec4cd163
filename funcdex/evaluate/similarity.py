"""Exact Match and String Ratio, as Funcdex-Synthesizer's published results have them.

Each call is a text, its name and arguments as JSON with sorted keys. Expected and answered texts are matched
greedily, the likest pair first, each text once. String Ratio is the mean over the expected calls of the
likeness of their match, Exact Match the same with equality; a call without a match counts 0. What else the
answer says or calls does not count.

Likeness is `ratio()` of Python's difflib, from 0 to 1: twice the characters in matching blocks, divided by
the characters of both texts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from funcdex.evaluate.answers import Called
from funcdex.export.sample import Call
from funcdex.types.conversation import JsonValue

LONGEST_COMPARED = 20_000
"""Characters. Of longer texts only the counts of characters are compared, which bounds the ratio from above:
the exact one can take minutes."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Both from 0 to 1."""

    exact_match: float
    string_ratio: float


def call_text(name: str, arguments: JsonValue) -> str:
    """`{"arguments": {"to": "Ada"}, "name": "SEND"}`."""
    return json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False, sort_keys=True)


def expected_text(call: Call) -> str:
    """The text of a call that should come."""
    return call_text(call.name, call.values)


def answered_text(called: Called) -> str:
    """The text of a call that came; what is no JSON stands in it as a string."""
    return call_text(called.name, called.said if called.values is None else called.values)


def likeness(expected: Sequence[str], answered: Sequence[str]) -> Likeness:
    """Of texts that should come, at least one, and those that came."""
    exact = _in_common(expected, answered)
    if exact == len(expected):
        return Likeness(1.0, 1.0)
    return Likeness(exact / len(expected), sum(_greedy_ratios(expected, answered)) / len(expected))


def _in_common(expected: Sequence[str], answered: Sequence[str]) -> int:
    left = list(answered)
    found = 0
    for text in expected:
        if text in left:
            left.remove(text)
            found += 1
    return found


def _greedy_ratios(expected: Sequence[str], answered: Sequence[str]) -> list[float]:
    pairs = [
        (ratio, -row, -column)
        for row, one in enumerate(expected)
        for column, ratio in enumerate(_ratios(one, answered))
    ]
    rows, columns, found = set[int](), set[int](), list[float]()
    for ratio, row, column in sorted(pairs, reverse=True):
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            found.append(ratio)
    return found


def _ratios(expected: str, answered: Sequence[str]) -> list[float]:
    # What the matcher knows of its second text is kept for all first ones.
    matcher = SequenceMatcher(None, "", expected)
    return [_ratio(matcher, text, expected) for text in answered]


def _ratio(matcher: SequenceMatcher[str], answered: str, expected: str) -> float:
    if answered == expected:
        return 1.0
    matcher.set_seq1(answered)
    if max(len(answered), len(expected)) > LONGEST_COMPARED:
        return matcher.quick_ratio()
    return matcher.ratio()
