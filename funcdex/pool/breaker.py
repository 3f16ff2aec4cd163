"""A circuit breaker: stops sending to an endpoint that fails, and tries it with one request at a time.

    closed --failures_to_open failures in a row, or trip()--> open --after open_for_s--> half-open
    half-open --its one request succeeds--> closed          half-open --it fails--> open

Every admission carries a ticket. What was admitted before the state changed says nothing about the state
after it, so a record with an old ticket is ignored.
"""

from __future__ import annotations

from typing import Literal

CircuitState = Literal["closed", "open", "half_open"]
NO_TICKET = 0


class Breaker:
    """Pure: time is an argument, in seconds of any monotonic clock."""

    def __init__(self, *, failures_to_open: int, open_for_s: float) -> None:
        self._failures_to_open = failures_to_open
        self._open_for_s = open_for_s
        self._failures = 0
        self._open_until_s: float | None = None
        self._probing = False
        self._ticket = 1

    @property
    def open_until_s(self) -> float | None:
        """When the open circuit may be tried; None while it is closed."""
        return self._open_until_s

    def state(self, now_s: float) -> CircuitState:
        """Half-open as soon as the circuit may be tried."""
        if self._open_until_s is None:
            return "closed"
        return "half_open" if now_s >= self._open_until_s else "open"

    def ready(self, now_s: float) -> bool:
        """Whether `admit` would."""
        return self._open_until_s is None or (now_s >= self._open_until_s and not self._probing)

    def admit(self, now_s: float) -> int:
        """A ticket for one request; NO_TICKET, which is false, if it must wait."""
        if not self.ready(now_s):
            return NO_TICKET
        self._probing = self._open_until_s is not None
        return self._ticket

    def is_current(self, ticket: int) -> bool:
        """Whether the state has not changed since this ticket was given."""
        return ticket == self._ticket

    def record(self, *, ok: bool, now_s: float, ticket: int | None = None) -> None:
        """How a request went; without a ticket, one that was admitted in this state."""
        if ticket not in (None, self._ticket):
            return
        if self._open_until_s is None:
            self._failures = 0 if ok else self._failures + 1
            if self._failures >= self._failures_to_open:
                self.trip(now_s)
        elif self._probing:
            if ok:
                self.reset()
            else:
                self.trip(now_s)

    def abandon(self, ticket: int) -> None:
        """A request ended without a verdict: another one may be tried."""
        if ticket == self._ticket:
            self._probing = False

    def trip(self, now_s: float) -> None:
        """Opens the circuit, or keeps it open for another while."""
        self._change(open_until_s=now_s + self._open_for_s)

    def reset(self) -> None:
        """Closes the circuit."""
        self._change(open_until_s=None)

    def _change(self, *, open_until_s: float | None) -> None:
        self._open_until_s = open_until_s
        self._failures = 0
        self._probing = False
        self._ticket += 1
