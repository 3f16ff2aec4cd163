"""Time that only a test moves."""

from __future__ import annotations

import anyio


class ManualClock:
    """Call it for the time in seconds; `sleep` lasts until `advance` has passed its end."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, anyio.Event]] = []

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        woken = anyio.Event()
        sleeper = (self.now_s + seconds, woken)
        self._sleepers.append(sleeper)
        try:
            self._wake()
            await woken.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        self._wake()

    @property
    def sleeping(self) -> list[float]:
        """Seconds that each sleeper still has to go, shortest first."""
        return sorted(until_s - self.now_s for until_s, _ in self._sleepers)

    def _wake(self) -> None:
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self.now_s]
        for sleeper in due:
            self._sleepers.remove(sleeper)
            sleeper[1].set()
