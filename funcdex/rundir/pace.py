"""How many conversations settle in a second, of late."""

from __future__ import annotations

from collections import deque

WINDOW_S = 600.0
FEWEST = 20
"""Conversations looked at where fewer settle in the window: of two in ten minutes no rate can be told."""
MOST = 1024


class Pace:
    """Fed with the times at which conversations settle. Pure: any clock in seconds that never goes back.

    The rate is that of the last WINDOW_S, or of the last FEWEST conversations where that is longer, and never
    looks further back than MOST of them or the beginning.
    """

    def __init__(self, began_s: float) -> None:
        self._since_s = began_s  # All that settled after this moment is in `_times_s`.
        self._times_s: deque[float] = deque()

    def settled(self, at_s: float) -> None:
        """One conversation more."""
        self._times_s.append(at_s)
        if len(self._times_s) > MOST:
            self._since_s = self._times_s.popleft()

    def per_s(self, now_s: float) -> float | None:
        """None until one has settled."""
        while len(self._times_s) > FEWEST and self._times_s[0] < now_s - WINDOW_S:
            self._since_s = self._times_s.popleft()
        if not self._times_s or now_s <= self._since_s:
            return None
        return len(self._times_s) / (now_s - self._since_s)
