"""Refuses a scenario that is there already but for case, punctuation and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b

from funcdex.dedup.protocol import Duplicate

_NOT_WORD = re.compile(r"\W+")


def normalised(text: str) -> str:
    """Case, accents' encoding, punctuation and spacing levelled: `"Send it - NOW!"` -> `"send it now"`."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def digest(text: str) -> bytes:
    """16 bytes that stand for a text where a million of them are kept."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class ExactLayer:
    """The digests of normalised texts, a set per group."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, set[bytes]] = defaultdict(set)

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        self._seen[group].update(digest(normalised(text)) for text in texts)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Duplicate | None]:
        """See `Layer.admit`."""
        return [self._admit_one(group, text) for group, text in items]

    def upkeep(self) -> bool:
        """See `Layer.upkeep`."""
        return False

    def _admit_one(self, group: str, text: str) -> Duplicate | None:
        seen, key = self._seen[group], digest(normalised(text))
        if key in seen:
            return Duplicate("exact", 1.0, text)
        seen.add(key)
        return None
