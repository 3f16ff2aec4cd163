"""How many requests one endpoint may have in flight."""

from __future__ import annotations

from typing import Protocol

from funcdex.endpoints.load import ServerLoad


class Limiter(Protocol):
    """Asked before a request is sent, told afterwards how it went."""

    def limit(self, now_s: float) -> int:
        """The most requests in flight just now, at least 1."""

    def ended(self, *, sent_s: float, latency_s: float, tokens: int, in_flight: int, now_s: float) -> None:
        """A request was answered with so many tokens; `in_flight`, at that moment, counts it in."""

    def overloaded(self, *, sent_s: float, in_flight: int, now_s: float) -> None:
        """The server refused a request that was sent at `sent_s`, because it had too many."""

    def observe(self, load: ServerLoad, *, in_flight: int, now_s: float) -> None:
        """What the server says of itself, with `in_flight` of ours there."""


class FixedLimiter:
    """A limit that stays where it was set."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("an endpoint may have at least one request in flight")
        self._limit = limit

    def limit(self, now_s: float) -> int:
        """Always the same."""
        return self._limit

    def ended(self, *, sent_s: float, latency_s: float, tokens: int, in_flight: int, now_s: float) -> None:
        """Changes nothing."""

    def overloaded(self, *, sent_s: float, in_flight: int, now_s: float) -> None:
        """Changes nothing."""

    def observe(self, load: ServerLoad, *, in_flight: int, now_s: float) -> None:
        """Changes nothing."""
