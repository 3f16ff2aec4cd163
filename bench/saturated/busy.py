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
        return share_of(self.looks, all_slots(self.endpoints), from_s, until_share)


def share_of(
    looks: Sequence[tuple[float, float]], slots: int, from_s: float = 0.0, until_share: float = 1.0
) -> float:
    """The same from looks: seconds, and slot-seconds spent until then."""
    began_s, spent_before = next(look for look in looks if look[0] >= from_s)
    ended_s, spent = next(look for look in looks if look[1] >= until_share * looks[-1][1])
    return (spent - spent_before) / (slots * (ended_s - began_s))
