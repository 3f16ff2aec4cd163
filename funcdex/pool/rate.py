"""A rate over the last seconds, in constant memory."""

from __future__ import annotations

from math import floor

WINDOW_S = 30


class RateWindow:
    """Amounts in buckets of one second; those older than WINDOW_S are forgotten."""

    def __init__(self, now_s: float) -> None:
        self._started_s = now_s
        self._amounts = [0.0] * WINDOW_S
        self._newest = floor(now_s)

    def add(self, amount: float, now_s: float) -> None:
        """`now_s` never goes back."""
        self._forget(now_s)
        self._amounts[self._newest % WINDOW_S] += amount

    def per_s(self, now_s: float) -> float:
        """Over the window, or over the time since the start if that is shorter (one second at least)."""
        self._forget(now_s)
        return sum(self._amounts) / min(WINDOW_S, max(1.0, now_s - self._started_s))

    def _forget(self, now_s: float) -> None:
        second = floor(now_s)
        for passed in range(min(second - self._newest, WINDOW_S)):
            self._amounts[(second - passed) % WINDOW_S] = 0.0
        self._newest = max(self._newest, second)
