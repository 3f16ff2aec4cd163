"""One moment of a run, as a value: what the display draws, the metrics page serves and tests read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from funcdex.pool.events import PoolSnapshot
from funcdex.rundir.replay import Tokens
from funcdex.stages.grammars import GrammarsSnapshot


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """One moment of a run. `rejected` is by reason, `live` by stage.

    `tokens` are those paid for, by model, and `cost` is theirs, None without prices; both with earlier
    sessions. `stages_done` and `elapsed_s` are of this session. `settled_per_s` is the rate of late, None
    until something has settled in this session.
    """

    planned: int
    accepted: int
    rejected: Mapping[str, int]
    live: Mapping[str, int]
    stages_done: int
    elapsed_s: float
    pool: PoolSnapshot
    tokens: Mapping[str, Tokens] = field(default_factory=dict)
    cost: float | None = None
    settled_per_s: float | None = None
    grammars: GrammarsSnapshot = GrammarsSnapshot()
    stopping: bool = False

    @property
    def settled(self) -> int:
        """Conversations that have ended, in this session and before."""
        return self.accepted + sum(self.rejected.values())

    @property
    def left_s(self) -> float | None:
        """Time the rest takes at the rate of late; None until it can be told."""
        return (self.planned - self.settled) / self.settled_per_s if self.settled_per_s else None


TakeSnapshot = Callable[[], RunSnapshot]

Observer = Callable[[TakeSnapshot], Coroutine[Any, Any, None]]
"""Looks at a run until it is cancelled, and changes nothing."""
