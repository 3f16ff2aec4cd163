"""How different the conversations of a data set are, on a sample of bounded size.

    distinct-n   of all runs of n words, the share that is there once or more, each counted once: 1.0 where
                 no run comes again. It falls with the number of words, so compare samples of one size.
    self-BLEU    how much each text can be pieced together from the others (BLEU-4 with all others as
                 references, mean): 0 where nothing is shared, 1.0 where every text is another one's copy.
    spread       mean distance (1 - cosine) of two texts by a sentence model, and of each to its nearest.

Words are runs of letters and digits, in lower case; writing without blanks makes long words of whole
sentences, for which only the spread says something.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

SAMPLE = 300
"""Conversations that are compared."""
WORDS = 200
"""Of each text, from its beginning."""
ORDERS = (1, 2, 3, 4)
_SMOOTHED = 0.1
"""Stands for no match of an order, as in the first method of Chen and Cherry (2014)."""
_CHARS = 20 * WORDS
_WORD = re.compile(r"\w+")

Words = tuple[str, ...]
Encode = Callable[[Sequence[str]], Any]
"""Texts to vectors of norm 1, shape (len(texts), d)."""


class Sampler:
    """Up to `SAMPLE` texts of those that come by, each as likely as any other; the seed says which."""

    def __init__(self, seed: int, most: int = SAMPLE) -> None:
        self._dice, self._most = random.Random(seed), most
        self._kept: list[tuple[float, str]] = []

    def take(self, parts: Sequence[str]) -> None:
        """One more text, in parts."""
        if not parts:
            return
        ticket = -self._dice.random()
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, (ticket, _beginning(parts)))
        elif ticket > self._kept[0][0]:
            heapq.heapreplace(self._kept, (ticket, _beginning(parts)))

    @property
    def texts(self) -> list[str]:
        """In the order of their tickets."""
        return [text for _, text in sorted(self._kept)]


def _beginning(parts: Sequence[str]) -> str:
    text = ""
    for part in parts:
        text = f"{text} {part[:_CHARS]}".strip()
        if len(text) >= _CHARS:
            break
    return text[:_CHARS]


def words_of(text: str) -> Words:
    """The first words of a text."""
    return tuple(found[0] for found, _ in zip(_WORD.finditer(text.casefold()), range(WORDS), strict=False))


def distinct(texts: Sequence[Words], order: int) -> float | None:
    """distinct-n of these texts together; None where no text has so many words."""
    grams = [gram for words in texts for gram in _grams(words, order)]
    return len(set(grams)) / len(grams) if grams else None


def self_bleu(texts: Sequence[Words]) -> float | None:
    """The mean over texts of BLEU-4 against all others. Texts of fewer than four words are left out; None
    where fewer than two are left."""
    texts = [words for words in texts if len(words) >= ORDERS[-1]]
    if len(texts) < 2:
        return None
    logs = [0.0] * len(texts)
    for order in ORDERS:
        for place, share in enumerate(_shares(texts, order)):
            logs[place] += math.log(share) / len(ORDERS)
    lengths = sorted(map(len, texts))
    bleu = (math.exp(log + _brevity(len(words), lengths)) for log, words in zip(logs, texts, strict=True))
    return sum(bleu) / len(texts)


def _shares(texts: Sequence[Words], order: int) -> Iterator[float]:
    """Of each text's n-grams, the share that some other text has as often. Linear in all words: of each
    n-gram only the highest count and the next one are kept, which is all that a text without itself needs."""
    counts = [Counter(_grams(words, order)) for words in texts]
    best: dict[Words, tuple[int, int, int]] = {}  # The highest count, whose it is, and the next.
    for place, one in enumerate(counts):
        for gram, count in one.items():
            highest, owner, following = best.get(gram, (0, -1, 0))
            if count > highest:
                best[gram] = (count, place, highest)
            elif count > following:
                best[gram] = (highest, owner, count)
    for place, one in enumerate(counts):
        matched = 0
        for gram, count in one.items():
            highest, owner, following = best[gram]
            matched += min(count, following if owner == place else highest)
        yield (matched or _SMOOTHED) / one.total()


def _brevity(length: int, lengths: Sequence[int]) -> float:
    """The logarithm of BLEU's penalty for being shorter than the nearest of the other texts."""
    others = list(lengths)
    others.remove(length)
    nearest = min(others, key=lambda other: (abs(other - length), other))
    return min(0.0, 1 - nearest / length)


def _grams(words: Words, order: int) -> Iterator[Words]:
    return (words[at : at + order] for at in range(len(words) - order + 1))


def spread(vectors: Any) -> dict[str, float] | None:
    """Mean distance of two texts and of each to its nearest; None for fewer than two. `vectors`: float,
    shape (n, d), every row of norm 1."""
    import numpy as np

    count = len(vectors)
    if count < 2:
        return None
    cosines = np.asarray(vectors, dtype=np.float64) @ np.asarray(vectors, dtype=np.float64).T
    np.fill_diagonal(cosines, 0.0)
    mean = 1 - float(cosines.sum()) / (count * (count - 1))
    np.fill_diagonal(cosines, -1.0)
    nearest = 1 - float(cosines.max(axis=1).mean())
    return {"mean_distance": round(mean, 4), "nearest_distance": round(nearest, 4)}


def diversity_of(texts: Sequence[str], encode: Encode | None = None) -> dict[str, Any]:
    """All figures of a sample, ready for JSON."""
    words = [words_of(text) for text in texts]
    told: dict[str, Any] = {"sample": len(texts)}
    told |= {f"distinct_{order}": _rounded(distinct(words, order)) for order in ORDERS[:3]}
    told["self_bleu"] = _rounded(self_bleu(words))
    if encode is not None:
        told["spread"] = spread(encode(texts)) if len(texts) > 1 else None
    return told


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
