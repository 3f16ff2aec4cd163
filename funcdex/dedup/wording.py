"""Finds what a scenario may repeat by its words, in any order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from funcdex.dedup.minhash import BandedSets, signature
from funcdex.dedup.protocol import Item

CANDIDATES = 16
"""Looked at of each scenario."""


class WordingFinder:
    """The content words of the scenarios of each group, found by MinHash."""

    def __init__(self) -> None:
        self.sets: defaultdict[str, BandedSets] = defaultdict(BandedSets)

    def insert(self, items: Sequence[Item]) -> None:
        """See `Finder.insert`."""
        for item in items:
            self.sets[item.group].add(signature(item.profile.words))

    def look(self, items: Sequence[Item]) -> _LookAtWordings:
        """See `Finder.look`."""
        return _LookAtWordings(self, items)

    def upkeep(self) -> bool:
        """See `Finder.upkeep`."""
        return False


class _LookAtWordings:
    def __init__(self, finder: WordingFinder, items: Sequence[Item]) -> None:
        self._finder = finder
        self._items = items
        self._signatures = [signature(item.profile.words) for item in items]

    def near(self, place: int) -> Sequence[tuple[int, float | None]]:
        """See `Look.near`."""
        sets = self._finder.sets[self._items[place].group]
        return [(row, None) for row, _ in sets.like(self._signatures[place], CANDIDATES)]

    def similarity(self, place: int, other: int) -> float | None:
        """See `Look.similarity`: nothing of it is known here."""
        return None

    def keep(self, places: Sequence[int]) -> None:
        """See `Look.keep`."""
        for place in places:
            self._finder.sets[self._items[place].group].add(self._signatures[place])
