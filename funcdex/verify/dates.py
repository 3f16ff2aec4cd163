"""Dates that a text names, and parts of dates: months, quarters, years, days of a month.

    "3 March 2026", "March 3rd, 2026", "2026-03-03", "03/03/2026"   a date
    "3 March", "the 3rd", "in March", "Q2"                            a part of one

Of figures with slashes both orders of day and month are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from funcdex.verify.calendar_words import MONTHS

Day = tuple[int, int, int]
"""Year (0 where none is named), month, day."""
DatePlace = tuple[int, int, tuple[Day, ...]]
"""Start, end and readings of a date in a text."""

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_TH = r"(?:st|nd|rd|th|\.|er|o)?"
_YEAR = r"(?:,?\s+(?:of\s+|de\s+)?((?:19|20)\d\d)\b)?"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d\d)([-/.]?)(\d\d?)\2(\d\d?)(?!\d)")
_DAY_MONTH = re.compile(
    rf"(?<![\d.])(\d\d?){_TH}(?:\s?(?:-|to|and|or|through|until|bis|et|y|e)\s?(?:the\s)?(\d\d?){_TH})?"
    rf"[\s-](?:of\s|de\s|du\s)?({_MONTH})\b\.?(?:[\s,-]+(?:of\s|de\s)?((?:19|20)\d\d)\b)?"
)
# The 11 of `March 22nd, 11am` is no day.
_NO_HOUR = r"(?![\d:%]|\s?(?:[ap]\.?\s?m\b|o'?clock|uhr|heures?|h\b))"
_MONTH_DAY = re.compile(
    rf"\b({_MONTH})\b\.?\s+(?:the\s)?(\d\d?){_TH}{_NO_HOUR}"
    rf"(?:\s?(?:-|to|and|or|through|until|,)\s?(?:the\s)?(?:(?:{_MONTH})\s)?(\d\d?){_TH}{_NO_HOUR})?{_YEAR}"
)
_SLASHED = re.compile(
    r"(?<![\d/.])(\d\d?)([/.-])(\d\d?)\2((?:19|20)?\d\d)(?![\d/])|(?<![\d/.])(\d\d?)/(\d\d?)(?![\d/])"
)
_ORDINAL = re.compile(r"\b(?:the|den|le|el|il)\s(\d\d?)(?:st|nd|rd|th)?\b|\b(\d\d?)(?:st|nd|rd|th)\b")
_MONTH_ALONE = re.compile(rf"\b({_MONTH})\b\.?(?:[\s-]+((?:19|20)\d\d))?|\b((?:19|20)\d\d)-(\d\d)\b(?!-)")
_QUARTER = re.compile(r"\bq([1-4])\b(?:[\s/-]*((?:19|20)\d\d))?|\b(first|second|third|fourth) quarter")
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_YEAR_ALONE = re.compile(r"(?<![\w.,/-])((?:19|20)\d\d)(?![\w/-]|[.,]\d)")
_WORD = re.compile(r"[a-z']+(?:-[a-z]+)*")
_DIGIT = re.compile("[0-9]")
# Of the forms in figures, what every text of that form holds.
_HINT_OF_ISO = re.compile("19|20")
_HINT_OF_SLASHED = re.compile("[0-9][/.-][0-9]")


@lru_cache(maxsize=2048)
def words_of(folded: str) -> frozenset[str]:
    """Its words, as names of months and days are looked up."""
    return frozenset(_WORD.findall(folded))


def valid_date(year: int, month: int, day: int) -> date | None:
    """A date of the calendar, or None."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=2048)
def places_of_dates(folded: str) -> tuple[DatePlace, ...]:
    """Whole dates (a month and a day at least) in the order of the text."""
    if not _DIGIT.search(folded):
        return ()
    found: list[DatePlace] = []
    for hint, pattern, read in _DATE_FORMS if names_month(folded) else _DATE_FORMS_IN_FIGURES:
        if hint is not None and not hint.search(folded):
            continue
        for match in pattern.finditer(folded):
            days = tuple(day for day in read(match) if _is_day(day))
            found += [(match.start(), match.end(), days)] if days else []
    return tuple(sorted(found))


def without_dates(folded: str, places: Sequence[DatePlace]) -> str:
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


_DATE_FORMS_IN_FIGURES = ((_HINT_OF_ISO, _ISO, _of_iso), (_HINT_OF_SLASHED, _SLASHED, _of_slashed))
_DATE_FORMS = (
    *_DATE_FORMS_IN_FIGURES,
    (None, _DAY_MONTH, _of_day_month),
    (None, _MONTH_DAY, _of_month_day),
)


def names_month(folded: str) -> bool:
    """Whether any word is the name of a month: looking for dates among all of them takes long."""
    return not MONTHS.keys().isdisjoint(words_of(folded))


def months_in(rest: str) -> Iterator[tuple[int, int]]:
    """Months that are named without a day, as (year or 0, month), in a text without its whole dates; of a
    quarter its first and its last."""
    for match in _MONTH_ALONE.finditer(rest) if "-" in rest or names_month(rest) else ():
        if match[1]:
            yield int(match[2] or 0), MONTHS[match[1]]
        elif 1 <= int(match[4]) <= 12:
            yield int(match[3]), int(match[4])
    for match in _QUARTER.finditer(rest):
        quarter = int(match[1] or _QUARTERS[match[3]])
        for month in (3 * quarter - 2, 3 * quarter):
            yield int(match[2] or 0), month


def years_in(rest: str) -> Iterator[int]:
    """Years that stand alone."""
    return (int(match[1]) for match in _YEAR_ALONE.finditer(rest)) if _HINT_OF_ISO.search(rest) else iter(())


def days_of_month_in(rest: str) -> Iterator[int]:
    """Days without a month: `the 3rd`."""
    if not _DIGIT.search(rest):
        return iter(())
    return (int(match[1] or match[2]) for match in _ORDINAL.finditer(rest))
