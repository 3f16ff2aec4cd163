"""How far a figure may be off by chance: percentile intervals from resampled conversations.

Contexts of one conversation are alike, so conversations are drawn, with replacement, and not contexts. The
same seed, sums and order give the same intervals.
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


def intervals(sums: Sequence[Sequence[float]], seed: int) -> list[tuple[float, float] | None]:
    """The interval of each measure; `sums` are of one conversation each: numerator and denominator of each
    measure, one after the other. None where a resample may well have nothing the measure applies to."""
    import numpy as np

    if not sums:
        return []
    table = np.asarray(sums, dtype=np.float64)
    drawn = _resampled(table, np.random.default_rng(seed))
    found: list[tuple[float, float] | None] = []
    for place in range(0, table.shape[1], 2):
        has_some = drawn[:, place + 1] > 0
        if has_some.sum() <= RESAMPLES * LEVEL:
            found.append(None)
            continue
        ratios = drawn[has_some, place] / drawn[has_some, place + 1]
        low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found.append((float(low), float(high)))
    return found


def _resampled(table: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The sums of each resample, shape (RESAMPLES, columns)."""
    import numpy as np

    count = len(table)
    chunk = max(1, _MOST_AT_ONCE // count)
    parts = []
    for start in range(0, RESAMPLES, chunk):
        size = min(chunk, RESAMPLES - start)
        picked = rng.integers(0, count, (size, count))
        weights = np.stack([np.bincount(row, minlength=count) for row in picked])
        parts.append(weights @ table)
    return np.concatenate(parts)
