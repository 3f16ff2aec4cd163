"""Who of the listed endpoints is in use. Pure: what a source listed goes in, who joins and leaves comes out.

A list is not always right: DNS answers with some of the addresses, a file is read while it is written. So an
endpoint leaves only when it was missing for a while, and one that left several times of late waits longer
each time before it may join again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from funcdex.settings.endpoint_spec import EndpointSpec

FREE_RETURNS = 1
"""Departures after which an endpoint that is listed again joins at once."""
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 60.0
FORGET_AFTER_S = 600.0
"""A departure so long ago counts no more."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one look brought."""

    joined: tuple[EndpointSpec, ...] = ()
    left: tuple[EndpointSpec, ...] = ()


@dataclass(slots=True)
class Roster:
    """Of one source. Times are of one clock, in seconds."""

    leave_after_s: float
    members: dict[EndpointSpec, None] = field(default_factory=dict)
    _missing_since_s: dict[EndpointSpec, float] = field(default_factory=dict)
    _left_s: dict[EndpointSpec, list[float]] = field(default_factory=dict)

    def observe(self, listed: Collection[EndpointSpec], now_s: float) -> Change:
        """The source lists these now."""
        now = dict.fromkeys(listed)
        self._forget(now_s)
        left = [spec for spec in self.members if spec not in now and self._has_left(spec, now_s)]
        joined = [spec for spec in now if spec not in self.members and now_s >= self._welcome_s(spec)]
        for spec in now:
            self._missing_since_s.pop(spec, None)
        for spec in left:
            del self.members[spec], self._missing_since_s[spec]
            self._left_s.setdefault(spec, []).append(now_s)
        self.members.update(dict.fromkeys(joined))
        return Change(tuple(joined), tuple(left))

    def _has_left(self, spec: EndpointSpec, now_s: float) -> bool:
        return now_s - self._missing_since_s.setdefault(spec, now_s) >= self.leave_after_s

    def _welcome_s(self, spec: EndpointSpec) -> float:
        """From when on it may join."""
        times = self._left_s.get(spec, [])
        more = len(times) - FREE_RETURNS
        if more <= 0:
            return float("-inf")
        return times[-1] + min(LONGEST_WAIT_S, FIRST_WAIT_S * (1 << min(more - 1, 10)))

    def _forget(self, now_s: float) -> None:
        for spec, times in tuple(self._left_s.items()):
            kept = [at_s for at_s in times if now_s - at_s < FORGET_AFTER_S]
            if kept:
                self._left_s[spec] = kept
            else:
                del self._left_s[spec]
