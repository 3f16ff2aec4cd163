"""New inputs out of old ones: bytes and words put in, taken out, repeated; JSON changed as a tree."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

LONGEST = 200_000
"""Bytes of an input; most stay far below."""

_SHORT = 4_000
_SNIPPET = 200
_MOST_CHANGES = 6

# What readers trip over, wherever it stands.
_BYTES = (
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\x1b[31m",
)
_BLANKS = (b"\n", b"\r", b"\r\n", b"\n\n", b"\t", b" ", b"\x0c")
_MARKS = rb""" " \ ' ` # / [ ] { } , : \ud800 \u0000 \udc00\ud800 &lt; <!-- --> {{7*7}} ../../x """.split()
_JSON = rb""" 0 -1 1e400 1e-400 NaN -Infinity 18446744073709551616 null true false "" [] {} "a" """.split()
_LONG = (b"9" * 400, b"9" * 4301, b"[" * 300, b"[" * 1100, b'{"a":' * 300, b'{"a":' * 1100)
WORDS: tuple[bytes, ...] = (*_BYTES, *_BLANKS, *_MARKS, *_JSON, *_LONG)

_NUMBERS: tuple[Any, ...] = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**400, -(10**400), 1.5, 1e308, -0.0)
_TEXTS = (
    "",
    "\x00",
    "\ud800",
    "\x1b[31m",
    "\u202e",
    "a" * 3000,
    "../../x",
    "{{ 7 * 7 }}",
    "</tool>",
    "(a+)+$",
)
_OTHERS: tuple[Any, ...] = (
    [],
    {},
    [[]],
    [None],
    {"": {}},
    [1, "1", 1.0, True],
    {"type": "object"},
    {"$ref": "#"},
)
HOSTILE: tuple[Any, ...] = (None, True, False, *_NUMBERS, *_TEXTS, *_OTHERS)


def mutated(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    """`data` changed in one to six places; `pool` are inputs to take pieces of, `words` the target's own."""
    for _ in range(rng.randint(1, _MOST_CHANGES)):
        if rng.random() < 0.4:
            data = _tree_changed(data, words, rng)
        else:
            data = rng.choice(_CHANGES)(data, pool, words, rng)
    return data[: LONGEST if rng.random() < 0.05 else _SHORT * 4]


_Change = Callable[[bytes, Sequence[bytes], Sequence[bytes], random.Random], bytes]


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + int(rng.paretovariate(0.6)))


def _word(words: Sequence[bytes], rng: random.Random) -> bytes:
    return rng.choice(words if words and rng.random() < 0.6 else WORDS)


def _insert(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + _word(words, rng) + data[at:]


def _replace(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + _word(words, rng) + data[end:]


def _delete(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    times = rng.choice((2, 2, 3, 10, 300, 5000))
    return data[:start] + (data[start:end][:_SNIPPET] * times)[:LONGEST] + data[end:]


def _splice(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    other = rng.choice(pool)
    start, end = _span(other, rng)
    at = rng.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


def _flip(data: bytes, pool: Sequence[bytes], words: Sequence[bytes], rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


_CHANGES: tuple[_Change, ...] = (_insert, _insert, _replace, _replace, _delete, _repeat, _splice, _flip)


def _tree_changed(data: bytes, words: Sequence[bytes], rng: random.Random) -> bytes:
    """The JSON in `data`, or in each of its lines, with one value changed; anything else as it is."""
    try:
        tree = [json.loads(line) for line in data.splitlines()] if b"}\n{" in data else [json.loads(data)]
    except (ValueError, RecursionError):
        return data
    places: list[tuple[Any, Any]] = []
    _walk(tree, places)
    owner, key = rng.choice(places)
    _change_value(owner, key, places, words, rng)
    try:
        return b"\n".join(json.dumps(value).encode() for value in tree) + (b"\n" if len(tree) > 1 else b"")
    except (ValueError, RecursionError):  # a value put inside itself, or too deep
        return data


def _walk(value: Any, places: list[tuple[Any, Any]]) -> None:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        places.append((value, key))
        _walk(value[key], places)


def _change_value(
    owner: Any, key: Any, places: Sequence[tuple[Any, Any]], words: Sequence[bytes], rng: random.Random
) -> None:
    match rng.randrange(5):
        case 0:
            owner[key] = rng.choice(HOSTILE)
        case 1:
            other, place = rng.choice(places)
            owner[key] = other[place] if place in other or isinstance(other, list) else None
        case 2 if isinstance(owner, dict):
            owner[_word(words, rng).decode("utf-8", "replace")] = owner.pop(key)
        case 3 if isinstance(owner, dict):
            owner[_word(words, rng).decode("utf-8", "replace")] = rng.choice(HOSTILE)
        case 3:
            owner.insert(key, rng.choice(HOSTILE))
        case _:
            owner[key] = _word(words, rng).decode("utf-8", "replace")
