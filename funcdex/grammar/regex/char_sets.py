"""Sets of characters as ranges of code points, and what `\\d`, `\\w`, `\\s` and `\\p{...}` stand for.

Readers of regular expressions disagree about some characters: to Python's, `\\d` is any digit of any
script, to a browser it is 0 to 9. So a class is known three ways: what all readers match, what ECMA-262
says, and what some reader matches. A complement turns the first into the last.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range; in order, apart from each other."""

LAST = 0x10FFFF
EVERY: Ranges = ((0, LAST),)
_BEYOND_ASCII: Ranges = ((0x80, LAST),)
_LOOKED_AT = 0x250


@dataclass(frozen=True, slots=True)
class CharSet:
    """`sure`: what every reader matches; `ecma`: what ECMA-262 says; `maybe`: what some reader matches."""

    sure: Ranges
    ecma: Ranges
    maybe: Ranges

    def __invert__(self) -> CharSet:
        return CharSet(complement(self.maybe), complement(self.ecma), complement(self.sure))

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet(
            tidy((*self.sure, *other.sure)),
            tidy((*self.ecma, *other.ecma)),
            tidy((*self.maybe, *other.maybe)),
        )


def plain(ranges: Iterable[tuple[int, int]]) -> CharSet:
    """Characters that nobody disagrees about."""
    tidied = tidy(ranges)
    return CharSet(tidied, tidied, tidied)


def of(characters: str) -> CharSet:
    """Exactly these characters."""
    return plain((ord(char), ord(char)) for char in characters)


def tidy(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same code points as sorted ranges that do not touch."""
    made: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return tuple(made)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    made: list[tuple[int, int]] = []
    begin = 0
    for low, high in ranges:
        if begin < low:
            made.append((begin, low - 1))
        begin = high + 1
    return tuple([*made, (begin, LAST)] if begin <= LAST else made)


def common(ours: Ranges, theirs: Ranges) -> Ranges:
    """Code points in both."""
    return complement(tidy((*complement(ours), *complement(theirs))))


def size(ranges: Ranges) -> int:
    """How many code points these are."""
    return sum(high - low + 1 for low, high in ranges)


def has(ranges: Ranges, point: int) -> bool:
    """Whether a code point is in one of the ranges."""
    return any(low <= point <= high for low, high in ranges)


def both_cases(chars: CharSet) -> CharSet:
    """The set with the other case of each of its ASCII letters."""
    return CharSet(*(_both_cases(ranges) for ranges in (chars.sure, chars.ecma, chars.maybe)))


def _both_cases(ranges: Ranges) -> Ranges:
    shifted = [
        (max(low, first) + step, min(high, last) + step)
        for low, high in ranges
        for first, last, step in ((0x41, 0x5A, 32), (0x61, 0x7A, -32))
        if max(low, first) <= min(high, last)
    ]
    return tidy((*ranges, *shifted))


_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = (
    (0x9, 0xD),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
_PERHAPS_SPACE = tidy((*_SPACE, (0x1C, 0x1F), (0x85, 0x85), (0xFEFF, 0xFEFF)))
_BREAKS: Ranges = ((0xA, 0xA), (0xD, 0xD), (0x2028, 0x2029))
DIGIT = CharSet(_DIGITS, _DIGITS, tidy((*_DIGITS, *_BEYOND_ASCII)))
WORD = CharSet(_WORD, _WORD, tidy((*_WORD, *_BEYOND_ASCII)))
SPACE = CharSet(_SPACE, tidy((*_SPACE, (0xFEFF, 0xFEFF))), _PERHAPS_SPACE)
DOT = CharSet(complement(_BREAKS), complement(_BREAKS), complement(((0xA, 0xA),)))
ANYTHING = CharSet(EVERY, EVERY, EVERY)


@cache
def category(name: str) -> CharSet | None:
    """`\\p{name}` for a general category such as `L` or `Lu`; None for any other property.

    Python's `re` has no such thing. Of the many characters only the first 592, up to the letters of Latin
    languages, count as sure."""
    if (
        not name
        or len(name) > 2
        or name[0] not in "CLMNPSZ"
        or (name[1:] and name[1:] not in "acdefiklmnopstu")
    ):
        return None
    points = [point for point in range(LAST + 1) if unicodedata.category(chr(point)).startswith(name)]
    exact = tidy((point, point) for point in points)
    sure = tidy((point, point) for point in points if point < _LOOKED_AT)
    return CharSet(sure, exact, tidy((*exact, *complement(((0, _LOOKED_AT - 1),)))))
