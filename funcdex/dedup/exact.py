"""Refuses a scenario that is there already but for case, punctuation and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import blake2b

from funcdex.dedup.protocol import Duplicate, Verdict

_NOT_WORD = re.compile(r"\W+")


def normalised(text: str) -> str:
    """Case, accents' encoding, punctuation and spacing levelled: `"Send it - NOW!"` -> `"send it now"`."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def digest(text: str) -> bytes:
    """16 bytes that stand for a text where a million of them are kept."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ExactLayer:
    """The digests of levelled texts, a set per group. What is levelled to None is never refused here.

    The texts are not kept: a duplicate is told to be one of itself.
    """

    def __init__(self, name: str = "exact", level: Callable[[str], str | None] = normalised) -> None:
        self._name = name
        self._level = level
        self._seen: defaultdict[str, set[bytes]] = defaultdict(set)

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        levelled = (self._level(text) for text in texts)
        self._seen[group].update(digest(one) for one in levelled if one is not None)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Verdict]:
        """See `Layer.admit`."""
        return [self._admit_one(group, text) for group, text in items]

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return False

    def _admit_one(self, group: str, text: str) -> Verdict:
        levelled = self._level(text)
        if levelled is None:
            return None
        seen, key = self._seen[group], digest(levelled)
        if key in seen:
            return Duplicate(self._name, 1.0, text)
        seen.add(key)
        return None
