"""How far figures may be off by chance: percentile intervals from resampled conversations.

Contexts of one conversation are alike, so conversations are drawn, with replacement, and not contexts. One
draw serves all groups: a toolkit's figure in a resample is that of the conversations drawn that are of it.
The same seed, sums and order give the same intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95
_MOST_AT_ONCE = 2_000_000
"""Weights that are held together."""

Interval = tuple[float, float] | None
Sums = Sequence[float]
"""Numerator and denominator of each measure, one after the other."""


def intervals(
    groups: Sequence[tuple[Sequence[int], Sequence[Sums]]], conversations: int, seed: int
) -> list[list[Interval]]:
    """The interval of each measure in each group. A group is which of so many conversations are in it, by
    number from 0, and the sums of each of these.

    None where a resample may well have nothing that the measure applies to.
    """
    import numpy as np

    if not conversations:
        return [[] for _ in groups]
    tables = [np.asarray(sums, dtype=np.float64) for _, sums in groups]
    drawn: list[list[FloatArray]] = [[] for _ in groups]
    rng = np.random.default_rng(seed)
    chunk = max(1, _MOST_AT_ONCE // conversations)
    for start in range(0, RESAMPLES, chunk):
        weights = _weights(min(chunk, RESAMPLES - start), conversations, rng)
        for (members, _), table, parts in zip(groups, tables, drawn, strict=True):
            picked = weights if len(members) == conversations else weights[:, np.asarray(members)]
            parts.append(picked @ table)
    return [_intervals_of(np.concatenate(parts)) for parts in drawn]


def _weights(size: int, conversations: int, rng: np.random.Generator) -> FloatArray:
    """How often each conversation is in each of so many resamples."""
    import numpy as np

    drawn = rng.integers(0, conversations, (size, conversations))
    drawn += np.arange(size)[:, None] * conversations
    counts = np.bincount(drawn.ravel(), minlength=size * conversations)
    return counts.reshape(size, conversations).astype(np.float64)


def _intervals_of(drawn: FloatArray) -> list[Interval]:
    """Of sums in shape (RESAMPLES, two for each measure)."""
    import numpy as np

    found: list[Interval] = []
    for place in range(0, drawn.shape[1], 2):
        has_some = drawn[:, place + 1] > 0
        if has_some.sum() <= RESAMPLES * LEVEL:
            found.append(None)
            continue
        ratios = drawn[has_some, place] / drawn[has_some, place + 1]
        low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found.append((float(low), float(high)))
    return found
