"""Earlier scenarios that the writer of a new one is shown, to differ from."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

MOST = 50
"""Shown at most."""
LATEST_KEPT, SAMPLE_KEPT = 200, 50
"""Kept of each kind: what is nearest is looked for among these."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 6


@dataclass(frozen=True)
class _Example:
    text: str

    @cached_property
    def words(self) -> frozenset[str]:
        return words_of(self.text)


def words_of(text: str) -> frozenset[str]:
    """The beginnings of its longer words: what `invoice` and `Invoices` have in common."""
    return frozenset(word[:_STEM].casefold() for word in _WORD.findall(text))


class Examples:
    """Of one group: the latest, and a random sample of all that came before these."""

    def __init__(self, seed: str) -> None:
        self._latest: deque[_Example] = deque(maxlen=LATEST_KEPT)
        self._sample: list[_Example] = []
        self._left = 0
        self._dice = random.Random(seed)

    def add(self, texts: Iterable[str]) -> None:
        """Takes in scenarios, in their order."""
        for text in texts:
            if len(self._latest) == LATEST_KEPT:
                self._sample_of(self._latest[0])
            self._latest.append(_Example(text))

    def shown(self, most: int, about: str = "") -> list[str]:
        """Up to `most` that have the most words in common with what a new one is to be `about`; where that
        says nothing, the latest. In their order, so that prompts about the same thing begin alike."""
        kept = [*self._sample, *self._latest]
        if len(kept) <= most:
            return [one.text for one in kept]
        wanted = words_of(about)
        near = sorted(range(len(kept)), key=lambda place: (-len(wanted & kept[place].words), -place))
        return [kept[place].text for place in sorted(near[:most])]

    def _sample_of(self, example: _Example) -> None:
        """Every text has the same chance to be in the sample (reservoir sampling)."""
        self._left += 1
        if len(self._sample) < SAMPLE_KEPT:
            self._sample.append(example)
        elif (place := self._dice.randrange(self._left)) < SAMPLE_KEPT:
            self._sample[place] = example
