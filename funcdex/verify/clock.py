"""Times of day that a text names, in minutes since midnight: "14:30", "2:30 pm", "half past two", "at 2".

Without am or pm, an hour up to 12 stands for both halves of the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from funcdex.verify.dates import words_of

TimePlace = tuple[int, int, tuple[int, ...]]
"""Start, end and readings of a time in a text."""

_DIGIT = re.compile("[0-9]")
_CLOCK = re.compile(
    r"(?<![\d:.])([01]?\d|2[0-4])(?:[:h]|(?=\.[0-5]\d\s?[ap]\.?m)\.)([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?"
    r"\s?([ap]\.?\s?m\b\.?)?"
)
_HOUR = re.compile(
    r"(?<![\d:.])(\d\d?)\s?(?:-|–|to|and|until)?\s?(\d\d?)?\s?([ap]\.?\s?m\b\.?|o'?clock|uhr|heures?|h\b)"
)
_AT_HOUR = re.compile(
    r"\b(?:at|from|until|till|by|around|before|after|between|um|a las|alle|vers|about|for)\s(\d\d?)"
    r"(?:\s?(?:-|to|and|until|till)\s?(\d\d?))?(?![\d:/%.]\d|\s?%|\w)"
)
_BETWEEN_HOURS = re.compile(r"(?<![\d-])(\d\d?)\s?(?:-|to)\s?(\d\d?)(?![\d-])")
_HALF_PAST = re.compile(r"\b(half past|quarter past|quarter to)\s(\w+)")
_HALVES = {"half past": 30, "quarter past": 15, "quarter to": -15}
_HOURS = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), range(1, 13), strict=True)
)
_WORD_HOUR = re.compile(rf"\b(?:at|until|till|by|before|after|around)\s({'|'.join(_HOURS)})\b|"
                        rf"\b({'|'.join(_HOURS)})\s?(?:o'?clock|[ap]\.?m\b)")  # fmt: skip


@lru_cache(maxsize=2048)
def places_of_times(folded: str) -> tuple[TimePlace, ...]:
    """Times with minutes, or with am or pm: start, end and readings."""
    if not _DIGIT.search(folded):
        return ()
    clocks = ((m.start(), m.end(), tuple(_of_clock(m))) for m in _CLOCK.finditer(folded))
    hours = ((m.start(), m.end(), tuple(_of_hour(m))) for m in _HOUR.finditer(folded))
    return tuple(sorted(place for place in (*clocks, *hours) if place[2]))


def times_in(rest: str) -> Iterator[int]:
    """Every reading of every time, in a text without its whole dates."""
    if _DIGIT.search(rest):
        for _, _, minutes in places_of_times(rest):
            yield from minutes
        for pattern in (_AT_HOUR, _BETWEEN_HOURS):
            for match in pattern.finditer(rest):
                for hour in (match[1], match[2]):
                    yield from _halves_of_day(int(hour or 99), 0, None)
    found = words_of(rest)
    for match in () if _HOURS.keys().isdisjoint(found) else _WORD_HOUR.finditer(rest):
        yield from _halves_of_day(_HOURS[match[1] or match[2]], 0, None)
    for match in () if found.isdisjoint(("past", "quarter")) else _HALF_PAST.finditer(rest):
        hour = _HOURS.get(match[2]) or (int(match[2]) if match[2].isdecimal() and len(match[2]) < 3 else 99)
        if hour <= 12:
            shift = _HALVES[match[1]]
            yield from ((minutes + shift) % 1440 for minutes in _halves_of_day(hour, 0, None))


def _of_clock(match: re.Match[str]) -> Iterator[int]:
    return _halves_of_day(int(match[1]), int(match[2]), match[3])


def _of_hour(match: re.Match[str]) -> Iterator[int]:
    half = match[3] if match[3][0] in "ap" else None
    for hour in (match[1], match[2]):
        if hour:
            yield from _halves_of_day(int(hour), 0, half)


def _halves_of_day(hour: int, minutes: int, half: str | None) -> Iterator[int]:
    if hour > 24 or (half and hour > 12):
        return
    at = hour % 24 * 60 + minutes
    if half:
        yield hour % 12 * 60 + minutes + (720 if half[0] == "p" else 0)
    elif hour <= 12:
        yield from (at, (at + 720) % 1440)
    else:
        yield at
