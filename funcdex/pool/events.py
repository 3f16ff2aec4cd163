"""What a pool tells its owner while it works, and how it looks at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

MemberState = Literal["ready", "open", "half_open", "down", "refused", "left"]
"""ready: takes requests. open, half_open: its circuit. down: not reached yet, or no more; tried again.
refused: of no use, and not tried again. left: listed no more; what is in flight there is waited for."""

EventKind = Literal["joined", "down", "refused", "left", "opened", "closed", "retry", "hedged"]


@dataclass(frozen=True, slots=True)
class PoolEvent:
    """One thing that happened at `at_s` of the pool's clock. `fault` is the kind of an EndpointError, if one
    was the reason, `detail` its text."""

    kind: EventKind
    at_s: float
    endpoint: str
    fault: str | None = None
    detail: str = ""
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointSnapshot:
    """One endpoint. `reason` says why it is not ready, `tokens_per_s` are completion tokens of late,
    `waiting_there` how many requests the server last said it has not begun with; None if it does not say."""

    url: str
    model: str | None
    state: MemberState
    reason: str
    in_flight: int
    limit: int
    outstanding_tokens: float
    waiting_there: int | None
    paused_for_s: float
    completed: int
    failed: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    tokens_per_s: float


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """All endpoints, in the order they were named. `waiting` for an endpoint, `backing_off` after a fault;
    `hedged` were sent a second time so far, `hedges_won` of them answered there first."""

    at_s: float
    endpoints: tuple[EndpointSnapshot, ...]
    waiting: int
    backing_off: int
    hedged: int = 0
    hedges_won: int = 0

    @property
    def in_flight(self) -> int:
        """Over all endpoints."""
        return sum(endpoint.in_flight for endpoint in self.endpoints)

    @property
    def tokens_per_s(self) -> float:
        """Over all endpoints."""
        return sum(endpoint.tokens_per_s for endpoint in self.endpoints)
