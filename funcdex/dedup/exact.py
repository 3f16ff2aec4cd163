"""Refuses a scenario that is there already but for case, punctuation and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from funcdex.dedup.protocol import Duplicate

_NOT_WORD = re.compile(r"\W+")


def normalised(text: str) -> str:
    """Case, accents' encoding, punctuation and spacing levelled: `"Send it - NOW!"` -> `"send it now"`."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


class ExactLayer:
    """A set of normalised texts per group."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def insert(self, group: str, texts: Sequence[str]) -> None:
        """See `Layer.insert`."""
        self._seen.update((group, normalised(text)) for text in texts)

    def admit(self, items: Sequence[tuple[str, str]]) -> list[Duplicate | None]:
        """See `Layer.admit`."""
        return [self._admit_one(group, text) for group, text in items]

    def _admit_one(self, group: str, text: str) -> Duplicate | None:
        key = group, normalised(text)
        if key in self._seen:
            return Duplicate("exact", 1.0, text)
        self._seen.add(key)
        return None
