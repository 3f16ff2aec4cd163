"""Moments of runs that never were."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from funcdex.pool.events import EndpointSnapshot, PoolSnapshot
from funcdex.snapshot import RunSnapshot


@dataclass(frozen=True, slots=True)
class Endpoint(EndpointSnapshot):
    """One that tells how many requests wait there."""

    waiting_there: int | None


IDLE: dict[str, Any] = {
    "url": "http://a:1",
    "model": "m",
    "state": "ready",
    "reason": "",
    "in_flight": 0,
    "limit": 8,
    "outstanding_tokens": 0.0,
    "paused_for_s": 0.0,
    "completed": 0,
    "failed": {},
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "tokens_per_s": 0.0,
}


def endpoint(**given: Any) -> EndpointSnapshot:
    """An idle endpoint but for what is given."""
    unknown = {field.name: None for field in fields(Endpoint)}
    return Endpoint(**(unknown | IDLE | given))


def moment(*endpoints: EndpointSnapshot, **given: Any) -> RunSnapshot:
    """The moment after a run of ten has begun, but for what is given."""
    begun: dict[str, Any] = {
        "planned": 10,
        "accepted": 0,
        "rejected": {},
        "live": {},
        "stages_done": 0,
        "elapsed_s": 1.0,
        "pool": PoolSnapshot(1.0, endpoints, waiting=0, backing_off=0),
    }
    return RunSnapshot(**(begun | given))
