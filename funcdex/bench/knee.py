"""Which concurrency to recommend, from throughput at several."""

from __future__ import annotations

from collections.abc import Mapping

WORTH_KEEPING = 0.95


def knee(tokens_per_s: Mapping[int, float]) -> int:
    """The lowest concurrency, of those measured, with at least WORTH_KEEPING of the best throughput: what
    goes beyond it adds latency and little else. At least one must have been measured."""
    best = max(tokens_per_s.values())
    return min(place for place, rate in tokens_per_s.items() if rate >= WORTH_KEEPING * best)


def next_concurrency(tokens_per_s: Mapping[int, float], most: int) -> int | None:
    """Where to measure next in a sweep that was left to us; None when the knee is known.

    Doubles until a doubling gains less than a twentieth, and makes sure that both sides of 128 were seen:
    there vLLM begins to fill masks in threads.
    """
    if not tokens_per_s:
        return 1
    top = max(tokens_per_s)
    below = max((place for place in tokens_per_s if place < top), default=None)
    gained = below is None or tokens_per_s[top] > 1.05 * tokens_per_s[below]
    if top >= most or not (gained or top <= 128 < most and top * 2 <= 256 and top >= 64):
        return None
    return min(most, top * 2)
