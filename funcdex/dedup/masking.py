"""A request without its particulars: names, dates, numbers, addresses and the like are replaced by their
kind.

    "On 6 March Mr. Lindqvist asks #staff for 16 slots." -> on <date> <name> ask <channel> for <number> slot .

Rules only, no model: the same text gives the same tokens everywhere. They read English prose; of any other
text they level what has digits, an `@`, a `#`, quotation marks or, in the middle of a sentence, a capital.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from funcdex.dedup.wordforms import APPLICATIONS, FUNCTION_WORDS, stem

MOST_CHARS = 8000
"""Read of a text: scenarios have some hundreds, and nobody may make a comparison expensive."""

SENTENCE_END = "."
_TOKEN = re.compile(
    r"""
    (?P<url>(?:https?://|www\.)\S{1,300})
  | (?P<address>[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,4})
  | (?P<channel>[#@][\w-]+)
  | (?P<quoted>"[^"]{1,200}"|“[^”]{1,200}”|«[^»]{1,200}»)
  | (?P<amount>[$€£¥]\s?\d[\d.,]*)
  | (?P<digits>(?=[\w.,:/-]{0,40}?\d)\w+(?:[.,:/-]\w+)*%?)
  | (?P<word>[^\W\d_]+)
  | (?P<end>[.!?;:]|,)
    """,
    re.VERBOSE,
)
_NUMBERS = frozenset(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand
    thousands million dozen dozens half second third fourth fifth sixth seventh eighth ninth tenth""".split()
)
_DATES = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april june july august
    september october november december mondays tuesdays wednesdays thursdays fridays saturdays sundays today
    tonight tomorrow yesterday noon midnight morning mornings afternoon afternoons evening evenings night
    nights spring summer autumn winter day days week weeks weekend month months quarter year years hour hours
    minute minutes fortnight""".split()
)
_MONEY = frozenset("euro euros dollar dollars pound pounds franc francs eur usd gbp cents".split())
_TITLES = frozenset("mr mrs ms dr st prof".split())
_AFTER_A_NAME = frozenset("has is wants needs asks runs keeps must would should looks gets and".split())


def masked_tokens(text: str, *, names: bool = True) -> list[str]:
    """The tokens in order: stems of words in lower case, `<kind>` of what is a particular, `.` between
    sentences. Neighbours of one kind are one. `names`: a capital makes a name, as it does not where every
    noun has one."""
    found: list[str] = []
    for token in _tokens(unicodedata.normalize("NFKC", text[:MOST_CHARS]).replace("’", "'"), names):
        if not (found and token[0] == "<" and token == found[-1]):
            found.append(token)
    return found


def _tokens(text: str, names: bool) -> Iterator[str]:
    text = re.sub(r"n't\b", " not", text).replace("can not", "cannot")
    matches = [
        match for match in _TOKEN.finditer(re.sub(r"'s?\b", lambda m: " 's " if m[0] == "'s" else " ", text))
    ]
    begins, after_title = True, False
    for place, match in enumerate(matches):
        kind, value = match.lastgroup, match.group()
        if kind == "end":
            begins = value in ".!?" and not after_title
            if begins or value in ":;":
                yield SENTENCE_END
            continue
        if kind != "word":
            yield "<number>" if kind == "digits" else f"<{kind}>"
        else:
            following = matches[place + 1].group() if place + 1 < len(matches) else ""
            yield from _word(value, following, begins, names)
        after_title = value.lower() in _TITLES
        begins = False


def _word(value: str, following: str, begins: bool, names: bool) -> Iterator[str]:
    word = value.casefold()
    if word == "s":
        return
    if word in _NUMBERS:
        yield "<number>"
    elif word in _DATES or (word == "may" and value[0] == "M" and not begins):
        yield "<date>"
    elif word in _MONEY:
        yield "<amount>"
    elif word in _TITLES or (names and _is_name(value, word, following, begins)):
        yield "<name>"
    else:
        yield stem(word)


def _is_name(value: str, word: str, following: str, begins: bool) -> bool:
    if not value[0].isupper() or word in APPLICATIONS or (len(value) > 1 and value.isupper()):
        return False
    if not begins:
        return word != "i"
    if word in FUNCTION_WORDS:
        return False
    return following in ("'s", "s", ",") or following[:1].isupper() or following in _AFTER_A_NAME
