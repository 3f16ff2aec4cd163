"""Numbers, amounts and spans of time in a text, in figures and in words.

    "1,200"  1200        "2.5k"  2500         "twenty-five"  25        "half an hour"  30 min
    "1.200"  1200, 1.2   "EUR 45" 45 (money)  "two dozen"    24        "2h 30m"        150 min

A sign is not part of a number, and years and days of dates are none (`moments.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_UNITS = dict(
    zip(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen "
        "seventeen eighteen nineteen".split(),
        range(20),
        strict=True,
    )
)
_TENS = dict(
    zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True)
)
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_OTHERS = {
    "once": 1,
    "twice": 2,
    "both": 2,
    "couple": 2,
    "pair": 2,
    "half": 0.5,
    "quarter": 0.25,
    "single": 1,
}
_OTHERS |= {"fortnight": 2, "double": 2, "triple": 3, "third": 3, "second": 2, "first": 1, "fourth": 4}
_OF_WORDS: dict[str, float] = {**_UNITS, **_TENS, **_SCALES, **_OTHERS}
_LETTERS = re.compile("[a-z]+")
_WORD_RUN = re.compile(rf"\b(?:{'|'.join(_OF_WORDS)})(?:(?:[ -]|\sand\s)(?:{'|'.join(_OF_WORDS)}))*\b")

# Digits of other scripts were folded before.
FIGURE = r"[0-9]{1,3}(?:[ ,.'][0-9]{3})+(?:[.,][0-9]{1,6})?(?![0-9])|[0-9]{1,15}(?:[.,][0-9]{1,9})?(?![0-9])"
_NUMBER = re.compile(
    rf"(?<![a-z0-9_])(?<![0-9][.,:])({FIGURE})(\s?(?:thousand|million|billion|bn|mio|k|m)\b)?"
)
_MULTIPLES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}

_SIGNS = r"[$€£¥₹]|\b(?:usd|eur|gbp|chf|jpy|cad|aud|inr|sek|nok|dkk|pln|brl|mxn)\b"
_MONEY_WORDS = rf"{_SIGNS}|\b(?:dollars?|euros?|pounds?|francs?|yen|rupees?|cents?)\b"
_MONEY = re.compile(
    rf"(?:{_SIGNS})\s?({FIGURE})(\s?(?:thousand|million|k|m)\b)?|"
    rf"(?<![a-z0-9_.,])({FIGURE})(\s?(?:thousand|million|k|m)\b)?\s?(?:{_MONEY_WORDS})"
)

MINUTES_IN = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), 1 / 60),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 1.0),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 60.0),
    **dict.fromkeys(("day", "days", "d", "night", "nights"), 1_440.0),
    **dict.fromkeys(("week", "weeks", "w"), 10_080.0),
    **dict.fromkeys(("fortnight", "fortnights"), 20_160.0),
}
_MONTHS_IN = {"month": 1, "months": 1, "quarter": 3, "quarters": 3, "year": 12, "years": 12}
_UNIT_WORDS = "|".join(
    sorted((one for one in (*MINUTES_IN, *_MONTHS_IN) if len(one) > 1), key=len, reverse=True)
)
_SPAN = re.compile(
    rf"(?<![a-z0-9_])(?:({FIGURE})(?:[\s-]|\s?(?:business|working|calendar)\s)?({_UNIT_WORDS}|[mhdw])|"
    rf"(half an?|an?|{_WORD_RUN.pattern})[\s-](?:(?:business|working|"
    rf"calendar)\s)?({_UNIT_WORDS}))\b(\sand\sa\shalf)?"
)
UNIT_WORDS = frozenset((*MINUTES_IN, *_MONTHS_IN))
_ISO_SPAN = re.compile(r"\bp(?:(\d{1,4})d)?(?:t(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,6})s)?)?\b")


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time that a text names: minutes, or months where it is no fixed number of minutes."""

    minutes: float
    months: int = 0


def canonical(number: float) -> float:
    """As numbers are compared."""
    return round(abs(number), 6)


def readings(figure: str) -> tuple[float, ...]:
    """What figures can mean: `1.200` is 1200 to some and 1.2 to others."""
    bare = figure.replace(" ", "").replace("'", "")
    if not bare or len(bare) > 24:
        return ()
    marks = [char for char in bare if char in ".,"]
    if not marks:
        return (canonical(float(bare)),)
    if len(set(marks)) == 2:
        decimal = marks[-1]
        whole = bare.replace("," if decimal == "." else ".", "").replace(decimal, ".")
        return (canonical(float(whole)),) if whole.count(".") == 1 else ()
    mark = marks[0]
    joined = canonical(float(bare.replace(mark, "")))
    if len(marks) > 1:
        return (joined,)
    as_decimal = canonical(float(bare.replace(mark, ".")))
    return (as_decimal, joined) if len(bare.rpartition(mark)[2]) == 3 else (as_decimal,)


@lru_cache(maxsize=2048)
def numbers_in(folded: str) -> frozenset[float]:
    """Every number of a folded text, each of its readings."""
    found: set[float] = set()
    for match in _NUMBER.finditer(folded):
        found.update(_scaled(match[1], match[2]))
    for match in () if _OF_WORDS.keys().isdisjoint(_LETTERS.findall(folded)) else _WORD_RUN.finditer(folded):
        found.update(_of_words(match[0]))
    return frozenset(found)


@lru_cache(maxsize=2048)
def figures_in(folded: str) -> tuple[tuple[int, int, tuple[float, ...]], ...]:
    """Numbers in figures alone: start, end and readings."""
    return tuple((m.start(), m.end(), _scaled(m[1], m[2])) for m in _NUMBER.finditer(folded))


@lru_cache(maxsize=2048)
def amounts_in(folded: str) -> tuple[tuple[int, int, tuple[float, ...]], ...]:
    """Amounts of money: start, end and readings of each."""
    return tuple((m.start(), m.end(), _scaled(m[1] or m[3], m[2] or m[4])) for m in _MONEY.finditer(folded))


@lru_cache(maxsize=2048)
def spans_in(folded: str) -> tuple[Span, ...]:
    """Spans of time, and what neighbours make together: `2 hours 30 minutes` is 120, 30 and 150 minutes."""
    found: list[Span] = []
    end, running = -10, 0.0
    for match in _SPAN.finditer(folded):
        unit = match[2] or match[4]
        for value in _counted(match[1] or match[3]):
            if months := _MONTHS_IN.get(unit):
                found.append(Span(0, round(value * months)))
                continue
            minutes = (value + 0.5 if match[5] else value) * MINUTES_IN[unit]
            found.append(Span(minutes))
            running = running + minutes if match.start() - end <= 5 else minutes
            if running != minutes:
                found.append(Span(running))
        end = match.end()
    found.extend(_iso_spans(folded))
    return tuple(found)


def _iso_spans(folded: str) -> Iterator[Span]:
    for match in _ISO_SPAN.finditer(folded):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        if total := days * 1440 + hours * 60 + minutes + seconds / 60:
            yield Span(total)


def _scaled(figure: str, multiple: str | None) -> tuple[float, ...]:
    values = readings(figure)
    if not multiple:
        return values
    factor = _MULTIPLES[multiple.strip()]
    # `30m` is thirty minutes or metres as well.
    return (*(canonical(value * factor) for value in values), *values)


def _counted(text: str) -> tuple[float, ...]:
    if text in ("a", "an"):
        return (1.0,)
    if text.startswith("half a"):
        return (0.5,)
    return readings(text) if text[0].isdecimal() else _of_words(text)[:1]


def _of_words(run: str) -> tuple[float, ...]:
    """`two hundred and five` is 205. Each word by itself counts as well: `one two` is no number."""
    parts = [part for part in re.split(r"[ -]+", run) if part != "and"]
    total = current = 0.0
    for part in parts:
        value = _OF_WORDS[part]
        if part in _SCALES:
            current = (current or 1) * value
            if value >= 1000:
                total, current = total + current, 0.0
        else:
            current += value
    return (canonical(total + current), *(_OF_WORDS[part] for part in parts))
