"""What a text claims that has to come from somewhere: addresses, ids, dates, times, amounts, long numbers.

Everything else in a text is the writer's own. An id within a text is told by its form:

    cus_NffrFeUf2hib   INV-1042   #1042   8f3a2b1c9d   a UUID   a number of 6 digits or more

and no id is: 3rd, 30min, Q3, UTF-8, COVID-19, report_2026_final, 1080p.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from funcdex.verify.clock import places_of_times
from funcdex.verify.dates import places_of_dates
from funcdex.verify.fold import fold
from funcdex.verify.quantities import amounts_in, figures_in

ClaimKind = Literal["email", "url", "phone", "id", "date", "time", "amount", "number"]

HARD_KINDS: tuple[ClaimKind, ...] = ("email", "url", "phone", "id")
"""What nobody says about so."""
IN_ANY_LANGUAGE: tuple[ClaimKind, ...] = ("email", "url", "id")
"""What is written alike in every language: `1 200 000` is a telephone number in some and a million in
others."""
MAX_CHARS = 20_000
"""Of a text: what is beyond is not looked at."""
MAX_CLAIMS = 200

EMAIL = re.compile(r"[a-z0-9][a-z0-9._%+'-]{0,63}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
URL = re.compile(r"\b(?:https?://|www\.)[^\s<>\"'`|)\]},]{2,500}")
PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00)?\(?\d[\d ().-]{5,18}\d(?![\w-])")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_TICKET = re.compile(r"(?<![\w/-])[A-Z][A-Z0-9]{1,9}-\d{1,7}(?![\w-])|(?<![\w&#])#(?=\d{3})\d{3,15}(?![\w-])")
# A word without a digit is no id, and most are such.
_TOKEN = re.compile(
    r"(?<![\w#&%/.-])(?=[A-Za-z_-]*[0-9])[A-Za-z0-9](?:[A-Za-z0-9_-]{4,126})[A-Za-z0-9](?![\w@])"
)
_HINT = re.compile(r"[\d@/]")
_DIGIT = re.compile(r"\d")
_PART = re.compile(r"[A-Za-z0-9]+")
_NO_TICKETS = frozenset(
    "utf iso covid gpt sha md rfc aes fy ipv http tls usb mp cd utc gmt q h top step phase day week part "
    "version "
    "level tier type class section chapter figure table wave sprint round".split()
)
_WITH_UNIT = re.compile(
    r"\d+(?:st|nd|rd|th|s|x|k|m|g|p|am|pm|h|hr|hrs|min|mins|sec|secs|ms|d|days?|w|y|kg|km|cm|mm|mb|gb|tb|kb|fps|"
    r"px|pt|hours?|minutes?|weeks?|months?|years?|usd|eur|gbp)(?:\d+(?:m|min|mins|s)?)?|[a-z]{1,6}\d{1,3}",
    re.IGNORECASE,
)
LEAST_NUMBER = 100
"""Smaller numbers within a text are the writer's own: steps, lists, spans."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`text` is folded, `values` are readings of a number or an amount, minutes of a time, days of a date."""

    kind: ClaimKind
    start: int
    end: int
    text: str
    values: tuple[object, ...] = ()


@lru_cache(maxsize=1024)
def claims_in(text: str) -> tuple[Claim, ...]:
    """In the order in which they are looked for; each character belongs to one claim at most."""
    text = text[:MAX_CHARS]
    folded = fold(text)
    if not _HINT.search(folded):
        return ()
    # Ids are told by capitals; where folding changed the length, the folded text has to do.
    original = text if len(text) == len(folded) else folded
    taken = bytearray(len(folded))
    found: list[Claim] = []
    for claim in _candidates(original, folded):
        if len(found) >= MAX_CLAIMS:
            break
        if not any(taken[claim.start : claim.end]):
            taken[claim.start : claim.end] = b"\x01" * (claim.end - claim.start)
            found.append(claim)
    return tuple(found)


def _candidates(original: str, folded: str) -> Iterator[Claim]:
    for match in URL.finditer(folded) if "://" in folded or "www." in folded else ():
        text = match[0].rstrip(".,;:!?")
        yield Claim("url", match.start(), match.start() + len(text), text)
    for match in EMAIL.finditer(folded) if "@" in folded else ():
        text = match[0].rstrip(".-'")
        yield Claim("email", match.start(), match.start() + len(text), text)
    if not _DIGIT.search(folded):
        return
    for match in _UUID.finditer(folded):
        yield Claim("id", match.start(), match.end(), match[0])
    for start, end, days in places_of_dates(folded):
        yield Claim("date", start, end, folded[start:end], days)
    for start, end, minutes in places_of_times(folded):
        yield Claim("time", start, end, folded[start:end], minutes)
    for start, end, values in amounts_in(folded):
        yield Claim("amount", start, end, folded[start:end], values)
    phones = [one for one in PHONE.finditer(folded) if 7 <= len(digits_of(one[0])) <= 15]
    # Digits alone are more likely an id.
    for match in (one for one in phones if not one[0].isdecimal()):
        yield Claim("phone", match.start(), match.end(), digits_of(match[0]))
    yield from _ids(original, folded)
    for match in phones:
        yield Claim("phone", match.start(), match.end(), digits_of(match[0]))
    for start, end, values in figures_in(folded):
        if min(values, default=0.0) >= LEAST_NUMBER:
            yield Claim("number", start, end, folded[start:end], values)


def _ids(original: str, folded: str) -> Iterator[Claim]:
    for match in _TICKET.finditer(original):
        if match[0].partition("-")[0].lower() not in _NO_TICKETS:
            yield Claim("id", match.start(), match.end(), match[0].lower().lstrip("#"))
    for match in _TOKEN.finditer(original):
        if any(map(is_id_part, _PART.findall(match[0]))):
            yield Claim("id", match.start(), match.end(), folded[match.start() : match.end()])


def is_id_part(part: str) -> bool:
    """Whether a run of letters and digits is one that nobody would write by themselves."""
    if len(part) < 5 or part.isalpha() or _WITH_UNIT.fullmatch(part):
        return False
    if part.isdecimal():
        return len(part) >= 6 and not _is_compact_date(part)
    digits = sum(char.isdecimal() for char in part)
    return digits >= 2 or _changes(part) >= 3


def _changes(part: str) -> int:
    """How often letters and digits, or small and capital letters, take turns."""
    kinds = ["0" if char.isdecimal() else "a" if char.islower() else "A" for char in part]
    return sum(one != two for one, two in zip(kinds, kinds[1:], strict=False))


def _is_compact_date(part: str) -> bool:
    return len(part) == 8 and part[:2] in ("19", "20") and part[4:6] <= "12" and part[6:] <= "31"


def digits_of(text: str) -> str:
    """The digits alone, without the zeros of a prefix."""
    return "".join(char for char in text if char.isdecimal()).lstrip("0")
