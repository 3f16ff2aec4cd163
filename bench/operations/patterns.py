"""Texts that a regular expression matches, drawn with a seed.

Python's own reader of expressions does the parsing; lookarounds, back references and word boundaries are
passed over, so what comes out has to be tried against the expression.
"""

from __future__ import annotations

import random
from importlib import import_module
from typing import Any

LONGEST = 40
_ANYTHING = "abcxyzABC0189_- .,/äß"
_CATEGORIES = {
    "DIGIT": "0189",
    "SPACE": " ",
    "WORD": "abzABZ09_",
    "NOT_SPACE": "ab9-.",
    "NOT_WORD": "-. /",
    "NOT_DIGIT": "ab-",
}


def sampled(pattern: str, rng: random.Random) -> str:
    """A text for the expression; most often it matches."""
    return _sequence(import_module("re._parser").parse(pattern), rng)


def _sequence(parts: Any, rng: random.Random) -> str:
    return "".join(_part(str(code), value, rng) for code, value in parts)


def _part(code: str, value: Any, rng: random.Random) -> str:
    if code == "LITERAL":
        return chr(value)
    if code in ("ANY", "NOT_LITERAL"):
        return rng.choice([char for char in _ANYTHING if ord(char) != value])
    if code == "IN":
        return _member(value, rng)
    if code == "BRANCH":
        return _sequence(rng.choice(value[1]), rng)
    if code == "SUBPATTERN":
        return _sequence(value[-1], rng)
    if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, body = value
        times = rng.randint(int(least), min(int(most), int(least) + 3))
        return "".join(_sequence(body, rng) for _ in range(min(times, LONGEST)))
    return _sequence(value, rng) if code == "ATOMIC_GROUP" else ""


def _member(members: Any, rng: random.Random) -> str:
    if str(members[0][0]) == "NEGATE":
        fitting = [
            char
            for char in _ANYTHING
            if not any(_is_in(str(code), value, char) for code, value in members[1:])
        ]
        return rng.choice(fitting) if fitting else "~"
    code, value = rng.choice(members)
    if str(code) == "RANGE":
        return chr(rng.randint(*value))
    return chr(value) if str(code) == "LITERAL" else rng.choice(_CATEGORIES[_category(value)])


def _is_in(code: str, value: Any, char: str) -> bool:
    if code == "RANGE":
        return bool(value[0] <= ord(char) <= value[1])
    return ord(char) == value if code == "LITERAL" else char in _CATEGORIES[_category(value)]


def _category(value: Any) -> str:
    return str(value).removeprefix("CATEGORY_")
