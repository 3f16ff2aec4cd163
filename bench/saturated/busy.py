"""How much of what endpoints could have done was done, from looks at their slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
from saturated.endpoints import ModelEndpoint, all_slots, slot_seconds


@dataclass
class Busy:
    """Slot-seconds spent by each look, from the start at 0."""

    endpoints: Sequence[ModelEndpoint]
    every_s: float
    looks: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])

    async def watch(self) -> None:
        """Looks until cancelled."""
        while True:
            await anyio.sleep(self.every_s)
            self.look()

    def look(self) -> None:
        """One more look."""
        now_s = anyio.current_time()
        for endpoint in self.endpoints:
            endpoint.look()
        self.looks.append((now_s, slot_seconds(self.endpoints)))

    def share(self, from_s: float = 0.0, until_share: float = 1.0) -> float:
        """Of all slots, the part that was busy from a moment until so much of all work was done."""
        (began_s, spent_before) = next(look for look in self.looks if look[0] >= from_s)
        ended_s, spent = next(look for look in self.looks if look[1] >= until_share * self.looks[-1][1])
        return (spent - spent_before) / (all_slots(self.endpoints) * (ended_s - began_s))
