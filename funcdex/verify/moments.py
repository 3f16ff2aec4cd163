"""Dates and times of day that a text names, or that follow from it and from the day on which it is said.

`dates.py`: "3 March 2026"    `clock.py`: "half past two"    here: "tomorrow", "in two weeks", "next month"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from funcdex.verify.calendar_words import DAYS_FROM_TODAY, PARTS_OF_DAY, VAGUE, WEEKDAYS, Part
from funcdex.verify.clock import times_in
from funcdex.verify.dates import (
    Day,
    days_of_month_in,
    months_in,
    places_of_dates,
    valid_date,
    without_dates,
    words_of,
    years_in,
)
from funcdex.verify.quantities import UNIT_WORDS, Span, spans_in

_TODAY_IS = re.compile(r"(?:today(?:'s date)?|current date|now|the date|date) ?(?:is|:|\()")
_ZONED = re.compile(
    r"t\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)\b|\b(?:utc|gmt|cest|cet|bst|est|edt|pst|pdt|mst|cst|"
    r"cdt|jst|ist|aest|wet|eet)\b|\btime ?zone|\b(?:pt|et)\b|\b(?:africa|america|asia|australia|europe|"
    r"pacific|us)/\w"
)
_MOMENT = re.compile(
    r"((?:19|20)\d\d)-(\d\d?)-(\d\d?)(?:[t ](\d\d?):(\d\d)(?::\d\d(?:\.\d{1,9})?)?\s?(z|[+-]\d\d:?\d\d)?)?"
)
_TIME_ONLY = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d{1,9})?)?\s?(z|[+-]\d\d:?\d\d)?")
_PART_WORDS = frozenset(
    word for part in PARTS_OF_DAY for word in part.split("-") + part.split()[:1] + [part.split()[-1]]
)
_PARTS = re.compile(rf"\b({'|'.join(sorted(PARTS_OF_DAY, key=len, reverse=True))})\b")

EPOCH_KEYS_FROM = 1_000_000_000
"""A whole number from here on (2001) may be a moment in seconds since 1970; a thousand times it, in ms."""


class Moments:
    """What a folded text says. Each part is worked out when it is first asked for: many texts are asked for
    dates and never for times."""

    def __init__(self, folded: str) -> None:
        self._folded = folded

    @cached_property
    def dates(self) -> frozenset[Day]:
        """Whole dates."""
        return frozenset(day for _, _, days in places_of_dates(self._folded) for day in days)

    @cached_property
    def _rest(self) -> str:
        """What belongs to a date names no month, year, day or hour of its own."""
        places = places_of_dates(self._folded)
        return without_dates(self._folded, places) if places else self._folded

    @cached_property
    def months(self) -> frozenset[tuple[int, int]]:
        """(year or 0, month) where no day is named."""
        return frozenset(months_in(self._rest))

    @cached_property
    def years(self) -> frozenset[int]:
        """Years that stand alone."""
        return frozenset(years_in(self._rest))

    @cached_property
    def days_of_month(self) -> frozenset[int]:
        """Days of no named month."""
        return frozenset(days_of_month_in(self._rest))

    @cached_property
    def weekdays(self) -> frozenset[int]:
        """Of no named week; Monday is 0."""
        return frozenset(WEEKDAYS[word] for word in words_of(self._rest) if word in WEEKDAYS)

    @cached_property
    def offsets(self) -> frozenset[int]:
        """Days from today."""
        return frozenset(DAYS_FROM_TODAY[word] for word in words_of(self._rest) if word in DAYS_FROM_TODAY)

    @cached_property
    def vague(self) -> bool:
        """Whether it speaks of days that follow from today otherwise."""
        return not VAGUE.isdisjoint(words_of(self._rest))

    @cached_property
    def times(self) -> frozenset[int]:
        """Minutes of the day."""
        return frozenset(times_in(self._rest))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Parts of the day, from and to in minutes."""
        if _PART_WORDS.isdisjoint(words_of(self._rest)):
            return ()
        return tuple(PARTS_OF_DAY[match[1]] for match in _PARTS.finditer(self._rest))

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Spans of time."""
        if UNIT_WORDS.isdisjoint(words_of(self._rest)) and "pt" not in self._rest:
            return ()
        return spans_in(self._rest)

    @cached_property
    def zoned(self) -> bool:
        """Whether times of several zones may stand for one moment."""
        return _ZONED.search(self._folded) is not None


@dataclass(frozen=True, slots=True)
class Moment:
    """What one value says: a date, a time in minutes of the day, or both."""

    day: date | None
    minutes: int | None
    zoned: bool = False


@lru_cache(maxsize=2048)
def moments_in(folded: str) -> Moments:
    """All that a folded text says of dates and times."""
    return Moments(folded)


def moment_of(text: str) -> Moment | None:
    """A value that is a date, a time or both, as ISO 8601 writes them; None if it is anything else."""
    text = text.strip().lower()
    if match := _MOMENT.fullmatch(text):
        day = valid_date(int(match[1]), int(match[2]), int(match[3]))
        if day is None:
            return None
        minutes = int(match[4]) * 60 + int(match[5]) if match[4] else None
        return Moment(day, minutes, match[6] is not None)
    if match := _TIME_ONLY.fullmatch(text):
        return Moment(None, int(match[1]) * 60 + int(match[2]), match[3] is not None)
    return None


def moment_of_epoch(number: float) -> Moment | None:
    """A number of seconds or milliseconds since 1970 as a moment of UTC, 2001 to 2286; None if out of
    that."""
    seconds = number / 1000 if number >= EPOCH_KEYS_FROM * 1000 else number
    if not EPOCH_KEYS_FROM <= seconds < 10_000_000_000:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return Moment(moment.date(), moment.hour * 60 + moment.minute, zoned=True)


def stated_today(folded: str) -> date | None:
    """The date in `Today is Tuesday, 3 March 2026` or `Current date: 2026-03-03`."""
    for match in _TODAY_IS.finditer(folded):
        for day in moments_in(folded[match.start() : match.end() + 40]).dates:
            if day[0]:
                return valid_date(*day)
    return None


def shifted(day: date, span: Span) -> Iterator[date]:
    """The days that lie a span before and after; none where the calendar ends."""
    for sign in (1, -1):
        try:
            if span.months:
                month = day.year * 12 + day.month - 1 + sign * span.months
                yield date(month // 12, month % 12 + 1, min(day.day, 28))
                yield date(month // 12, month % 12 + 1, day.day)
            elif span.minutes >= 1440:
                yield day + timedelta(days=sign * round(span.minutes / 1440))
        except (ValueError, OverflowError):
            continue
