"""Earlier scenarios that the writer of a new one is shown, to differ from."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable

MOST = 50
"""Shown at most, and kept of each kind."""


class Examples:
    """Of one group: the latest, and a random sample of all that came before these.

    The sample changes seldom and stands first, so that prompts which show it begin alike, and servers need
    not read them anew.
    """

    def __init__(self, seed: str) -> None:
        self._latest: deque[str] = deque(maxlen=MOST)
        self._sample: list[str] = []
        self._left = 0
        self._dice = random.Random(seed)

    def add(self, texts: Iterable[str]) -> None:
        """Takes in scenarios, in their order."""
        for text in texts:
            if len(self._latest) == MOST:
                self._sample_of(self._latest[0])
            self._latest.append(text)

    def shown(self, most: int) -> list[str]:
        """Up to `most`: half of them from the sample as soon as there is one, then the latest in their
        order."""
        sampled = self._sample[: most // 2]
        latest = list(self._latest)[-(most - len(sampled)) :] if most else []
        return sampled + latest

    def _sample_of(self, text: str) -> None:
        """Every text has the same chance to be in the sample (reservoir sampling)."""
        self._left += 1
        if len(self._sample) < MOST:
            self._sample.append(text)
        elif (place := self._dice.randrange(self._left)) < MOST:
            self._sample[place] = text
