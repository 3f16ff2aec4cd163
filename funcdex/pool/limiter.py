"""How many requests one endpoint may have in flight."""

from __future__ import annotations

from typing import Protocol


class Limiter(Protocol):
    """Asked before a request is sent, told afterwards how it went."""

    def limit(self, now_s: float) -> int:
        """The most requests in flight just now, at least 1."""

    def record(self, *, overloaded: bool, in_flight: int, now_s: float) -> None:
        """One request ended; `in_flight` counts it in."""


class FixedLimiter:
    """A limit that stays where it was set."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("an endpoint may have at least one request in flight")
        self._limit = limit

    def limit(self, now_s: float) -> int:
        """Always the same."""
        return self._limit

    def record(self, *, overloaded: bool, in_flight: int, now_s: float) -> None:
        """Changes nothing."""
