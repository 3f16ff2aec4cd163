"""How much work is under way for the requests that a pool may have in flight, and how it is let run out."""

from __future__ import annotations

from collections.abc import Callable

from funcdex.pool.pool import Pool

LIVE_PER_SLOT = 2
"""Pieces of work for each request that may be in flight: one being answered, one waiting its turn."""


def max_live(pool: Pool) -> int:
    """Pieces of work that may be under way just now."""
    return max(1, LIVE_PER_SLOT * pool.capacity)


def drain(pool: Pool, stop: Callable[[], object]) -> None:
    """Lets finish what is in flight, and begins nothing more; `stop` sees to it that nobody asks again."""
    stop()
    pool.drain()
