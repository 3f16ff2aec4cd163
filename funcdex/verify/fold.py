"""Texts as they are compared: without case, accents and typographic variants."""

from __future__ import annotations

import re
import unicodedata

_VARIANTS = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201b\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff", None),
    }
)
_ACCENTS = dict.fromkeys(range(0x300, 0x370))
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`Zoë’s` as `zoe's`, full-width digits as digits, every dash as `-`. Of ASCII the length stays."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.translate(_VARIANTS)).translate(_ACCENTS)
    if plain.isascii():
        return plain.lower()
    # Hangul and the like come together again, as they would be typed.
    return unicodedata.normalize("NFC", plain).casefold()


def words(folded: str) -> list[str]:
    """Runs of letters and digits of a folded text."""
    return _WORD.findall(folded)


def find_whole(needle: str, folded: str) -> int:
    """Where `needle` stands in a folded text with no letter or digit beside it; -1 if nowhere.

    A short run of digits does not stand within a date, a time or a number: no `31` in `2026-03-31`.
    """
    start, length = folded.find(needle), len(needle)
    digits = length <= 6 and needle.isdecimal()
    while start >= 0:
        end = start + length
        if _is_free(folded, start - 1, end, needle) and not (digits and _within_a_number(folded, start, end)):
            return start
        start = folded.find(needle, start + 1)
    return -1


def _is_free(text: str, before: int, after: int, needle: str) -> bool:
    return not (
        (before >= 0 and text[before].isalnum() and needle[0].isalnum())
        or (after < len(text) and text[after].isalnum() and needle[-1].isalnum())
    )


def _within_a_number(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (before[1:] in ("-", ":", ".", ",") and before[:1].isdecimal()) or (
        after[:1] in ("-", ":", ".", ",") and after[1:].isdecimal()
    )
