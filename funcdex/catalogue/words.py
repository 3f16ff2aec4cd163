"""Texts and identifiers as the words that a catalogue is searched by.

Tools and queries go through the same steps, so that `sendMessages` is found by "sending a message":
identifiers are split, accents and endings taken off, words that say nothing left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

# `HTTPServer`, `postMessage`, `S3Bucket`, `oauth2`, and words of other scripts.
_PIECE = re.compile(r"[A-Z]+[0-9]*(?![a-z])|[A-Z]?[a-z]+[0-9]*|[0-9]+|(?:(?![A-Za-z0-9_])\w)+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019]\w{1,2}\b")
_VOWEL = re.compile("[aeiouy]")
_LONGEST_WORD = 40
# Without their ending they would be other words.
_WHOLE = frozenset(("direction", "edition"))

STOP_WORDS = frozenset(
    "a about all also am an and another any are as at be been between but by can could did do does each "
    "every for from given had has have he her his how i if in into is it its just let may me might more "
    "most my need new no not of off on one onto or other our out over own please several she should so "
    "some somebody someone something such than that the their them then there these they this those "
    "through to two up upon us use using via want was we were what when where whether which while who "
    "whose why will with within would you your".split()
)


def words_of(text: str) -> Iterator[str]:
    """The words of a text or an identifier, in lower case and without endings; those that say nothing are
    left out.

    `chat_postMessage` gives "chat", "post", "messag".
    """
    return map(stem, whole_words_of(text))


def whole_words_of(text: str) -> Iterator[str]:
    """As `words_of`, with their endings."""
    plain = plain_letters(text)
    if "'" in plain or "\u2019" in plain:
        plain = _APOSTROPHE.sub("", plain)
    for piece in _PIECE.findall(plain):
        word = piece.lower()
        if word not in STOP_WORDS:
            yield word[:_LONGEST_WORD]


def distinct_words(texts: Iterable[str], most: int) -> list[str]:
    """The first `most` different words of the texts, in their order."""
    found: dict[str, None] = {}
    for text in texts:
        for word in words_of(text):
            found[word] = None
            if len(found) >= most:
                return list(found)
    return list(found)


def plain_letters(text: str) -> str:
    """`text` without accents, and with one form for letters that look alike: `Café` is `Cafe`."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What is left of a word in lower case without plural, -ing, -ed, -ion and a last e.

    "messages" and "messaging" are "messag", "shipped" is "ship", "translation" and "translate" "translat".
    """
    if not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    if word in _WHOLE:
        return word
    for ending in ("ing", "ed", "ion", "e"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= (4 if ending == "ion" else 3) and _VOWEL.search(rest):
            return _single(rest, 4 if rest[-1] not in "lsz" else 6)
    return _single(word, 6)


def _singular(word: str) -> str:
    if word.endswith(("ies", "ie")) and len(word) > 4:
        return word.removesuffix("s").removesuffix("ie") + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _single(word: str, from_length: int) -> str:
    """`word` with a doubled last consonant made one, if it has so many letters: shipp(ed), cancell(ed)."""
    doubled = len(word) >= from_length and word[-1] == word[-2] and word[-1] not in "aeiou"
    return word[:-1] if doubled else word
