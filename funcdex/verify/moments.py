"""Dates and times of day that a text names, or that follow from it and from the day on which it is said.

    "3 March 2026", "March 3rd, 2026", "2026-03-03", "03/03/2026"   a date
    "3 March", "the 3rd", "in March", "on Friday"                     a part of one
    "tomorrow", "in two weeks", "next month"                          one that follows from today
    "14:30", "2:30 pm", "half past two", "at 2", "noon"              a time

Without am or pm, an hour up to 12 stands for both halves of the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from funcdex.verify.calendar_words import DAYS_FROM_TODAY, MONTHS, PARTS_OF_DAY, VAGUE, WEEKDAYS, Part
from funcdex.verify.quantities import UNIT_WORDS, Span, spans_in

Day = tuple[int, int, int]
"""Year (0 where none is named), month, day."""

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_TH = r"(?:st|nd|rd|th|\.|er|o)?"
_YEAR = r"(?:,?\s+(?:of\s+|de\s+)?((?:19|20)\d\d)\b)?"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)([-/.]?)(\d\d?)\2(\d\d?)(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<![\d.])(\d\d?){_TH}(?:\s?(?:-|to|and|or|through|until|bis|et|y|e)\s?(?:the\s)?(\d\d?){_TH})?"
    rf"[\s-](?:of\s|de\s|du\s)?({_MONTH})\b\.?(?:[\s,-]+(?:of\s|de\s)?((?:19|20)\d\d)\b)?"
)
_MONTH_DAY = re.compile(
    rf"\b({_MONTH})\b\.?\s+(?:the\s)?(\d\d?){_TH}(?![\d:%])"
    rf"(?:\s?(?:-|to|and|or|through|until|,)\s?(?:the\s)?(?:(?:{_MONTH})\s)?(\d\d?){_TH}(?![\d:%]))?{_YEAR}"
)
_SLASHED = re.compile(
    r"(?<![\d/.])(\d\d?)([/.-])(\d\d?)\2((?:19|20)?\d\d)(?![\d/])|(?<![\d/.])(\d\d?)/(\d\d?)(?![\d/])"
)
_ORDINAL = re.compile(r"\b(?:the|den|le|el|il)\s(\d\d?)(?:st|nd|rd|th)?\b|\b(\d\d?)(?:st|nd|rd|th)\b")
_MONTH_ALONE = re.compile(rf"\b({_MONTH})\b\.?(?:[\s-]+((?:19|20)\d\d))?|\b((?:19|20)\d\d)-(\d\d)\b(?!-)")
_QUARTER = re.compile(r"\bq([1-4])\b(?:[\s/-]*((?:19|20)\d\d))?|\b(first|second|third|fourth) quarter")
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_YEAR_ALONE = re.compile(r"(?<![\w.,/-])((?:19|20)\d\d)(?![\w/-]|[.,]\d)")
_TODAY_IS = re.compile(r"(?:today(?:'s date)?|current date|now|the date|date) ?(?:is|:|\()")
_WORD = re.compile(r"[a-z']+(?:-[a-z]+)*")
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
_ZONED = re.compile(
    r"t\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)\b|\b(?:utc|gmt|cest|cet|bst|est|edt|pst|pdt|mst|cst|"
    r"cdt|jst|ist|aest|wet|eet)\b|\btime ?zone|\b(?:pt|et)\b|\b(?:africa|america|asia|australia|europe|pacific|us)/\w"
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


@dataclass(frozen=True, slots=True)
class Moments:
    """What a text says. `days_of_month` and `weekdays` (Monday 0) belong to no month; `offsets` are days from
    today; `months` are (year or 0, month); `vague`: it speaks of days that follow from today otherwise.
    `times` are minutes of the day, `zoned`: times of several zones may stand for one moment."""

    dates: frozenset[Day]
    months: frozenset[tuple[int, int]]
    years: frozenset[int]
    days_of_month: frozenset[int]
    weekdays: frozenset[int]
    offsets: frozenset[int]
    vague: bool
    times: frozenset[int]
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]
    zoned: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What one value says: a date, a time in minutes of the day, or both."""

    day: date | None
    minutes: int | None
    zoned: bool = False


@lru_cache(maxsize=2048)
def moments_in(folded: str) -> Moments:
    """All that a folded text says of dates and times."""
    places = places_of_dates(folded)
    # What belongs to a date names no month, year, day or hour of its own.
    rest = _without(folded, places) if places else folded
    found_words = set(_WORD.findall(rest))
    return Moments(
        dates=frozenset(day for _, _, days in places for day in days),
        months=frozenset(_months(rest, found_words)),
        years=frozenset(int(match[1]) for match in _YEAR_ALONE.finditer(rest)),
        days_of_month=frozenset(int(match[1] or match[2]) for match in _ORDINAL.finditer(rest)),
        weekdays=frozenset(WEEKDAYS[word] for word in found_words if word in WEEKDAYS),
        offsets=frozenset(DAYS_FROM_TODAY[word] for word in found_words if word in DAYS_FROM_TODAY),
        vague=not VAGUE.isdisjoint(found_words),
        times=frozenset(_times(rest, found_words)),
        parts=tuple(PARTS_OF_DAY[match[1]] for match in _PARTS.finditer(rest))
        if not _PART_WORDS.isdisjoint(found_words)
        else (),
        spans=() if UNIT_WORDS.isdisjoint(found_words) and "pt" not in rest else spans_in(rest),
        zoned=_ZONED.search(folded) is not None,
    )


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
    """A number of seconds or milliseconds since 1970 as a moment of UTC, 2001 to 2286; None if out of that."""
    seconds = number / 1000 if number >= EPOCH_KEYS_FROM * 1000 else number
    if not EPOCH_KEYS_FROM <= seconds < 10_000_000_000:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return Moment(moment.date(), moment.hour * 60 + moment.minute, zoned=True)


def valid_date(year: int, month: int, day: int) -> date | None:
    """A date of the calendar, or None."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def stated_today(folded: str) -> date | None:
    """The date in `Today is Tuesday, 3 March 2026` or `Current date: 2026-03-03`."""
    for match in _TODAY_IS.finditer(folded):
        for day in moments_in(folded[match.start() : match.end() + 40]).dates:
            if day[0]:
                return valid_date(*day)
    return None


def places_of_dates(folded: str) -> list[tuple[int, int, tuple[Day, ...]]]:
    """Whole dates (a month and a day at least) with start, end and readings, in the order of the text."""
    found: list[tuple[int, int, tuple[Day, ...]]] = []
    if not _DIGIT.search(folded):
        return found
    for pattern, read in _DATE_FORMS if names_month(folded) else _DATE_FORMS_IN_FIGURES:
        for match in pattern.finditer(folded):
            days = tuple(day for day in read(match) if _is_day(day))
            found += [(match.start(), match.end(), days)] if days else []
    return sorted(found)


def places_of_times(folded: str) -> list[tuple[int, int, tuple[int, ...]]]:
    """Times with minutes, or with am or pm: start, end and readings."""
    if not _DIGIT.search(folded):
        return []
    clocks = ((m.start(), m.end(), tuple(_of_clock(m))) for m in _CLOCK.finditer(folded))
    hours = ((m.start(), m.end(), tuple(_of_hour(m))) for m in _HOUR.finditer(folded))
    return sorted(place for place in (*clocks, *hours) if place[2])


def _without(folded: str, places: Sequence[tuple[int, int, tuple[Day, ...]]]) -> str:
    """The text with blanks for its dates."""
    made, at = [], 0
    for start, end, _ in places:
        if start >= at:
            made += [folded[at:start], " " * (end - start)]
            at = end
    return "".join((*made, folded[at:]))


def _is_day(day: Day) -> bool:
    return 1 <= day[1] <= 12 and valid_date(day[0] or 2024, day[1], day[2]) is not None


def _of_iso(match: re.Match[str]) -> Iterator[Day]:
    if match[2] or (len(match[3]) == 2 and len(match[4]) == 2):
        yield int(match[1]), int(match[3]), int(match[4])


def _of_day_month(match: re.Match[str]) -> Iterator[Day]:
    year = int(match[4] or 0)
    for day in (match[1], match[2]):
        if day:
            yield year, MONTHS[match[3]], int(day)


def _of_month_day(match: re.Match[str]) -> Iterator[Day]:
    year = int(match[4] or 0)
    for day in (match[2], match[3]):
        if day:
            yield year, MONTHS[match[1]], int(day)


def _of_slashed(match: re.Match[str]) -> Iterator[Day]:
    """Both orders of day and month."""
    one, two, year = (match[1], match[3], match[4]) if match[1] else (match[5], match[6], "0")
    full = int(year) + 2000 if len(year) == 2 else int(year)
    yield full, int(two), int(one)
    yield full, int(one), int(two)


_DATE_FORMS_IN_FIGURES = ((_ISO, _of_iso), (_SLASHED, _of_slashed))
_DATE_FORMS = (*_DATE_FORMS_IN_FIGURES, (_DAY_MONTH, _of_day_month), (_MONTH_DAY, _of_month_day))


def names_month(folded: str) -> bool:
    """Whether any word is the name of a month: looking for dates among all of them takes long."""
    return not MONTHS.keys().isdisjoint(_WORD.findall(folded))


def _months(folded: str, found: set[str]) -> Iterator[tuple[int, int]]:
    for match in (
        _MONTH_ALONE.finditer(folded) if "-" in folded or not MONTHS.keys().isdisjoint(found) else ()
    ):
        if match[1]:
            yield int(match[2] or 0), MONTHS[match[1]]
        elif 1 <= int(match[4]) <= 12:
            yield int(match[3]), int(match[4])
    for match in _QUARTER.finditer(folded):
        quarter = int(match[1] or _QUARTERS[match[3]])
        for month in (3 * quarter - 2, 3 * quarter):
            yield int(match[2] or 0), month


def _times(folded: str, found: set[str]) -> Iterator[int]:
    for _, _, minutes in places_of_times(folded):
        yield from minutes
    for pattern in (_AT_HOUR, _BETWEEN_HOURS):
        for match in pattern.finditer(folded) if _DIGIT.search(folded) else ():
            for hour in (match[1], match[2]):
                yield from _halves_of_day(int(hour or 99), 0, None)
    for match in () if _HOURS.keys().isdisjoint(found) else _WORD_HOUR.finditer(folded):
        yield from _halves_of_day(_HOURS[match[1] or match[2]], 0, None)
    for match in () if found.isdisjoint(("past", "quarter")) else _HALF_PAST.finditer(folded):
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
