"""The live view of a run: a funnel and a line per endpoint, redrawn from snapshots. It changes nothing.

On a terminal rich redraws in place; elsewhere one plain line every few seconds says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import anyio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from funcdex.pool.events import EndpointSnapshot, PoolSnapshot
from funcdex.types.record import STAGES

REDRAWN_EVERY_S = 0.5
PLAIN_LINE_EVERY_S = 5.0
MOST_REASON_CHARS = 60


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """One moment of a run. `rejected` is by reason, `live` by stage.

    `settled_before` this session began; `stages_done` since then.
    """

    planned: int
    accepted: int
    rejected: Mapping[str, int]
    live: Mapping[str, int]
    settled_before: int
    stages_done: int
    elapsed_s: float
    pool: PoolSnapshot
    stopping: bool = False

    @property
    def settled(self) -> int:
        """Conversations that have ended, in this session and before."""
        return self.accepted + sum(self.rejected.values())

    @property
    def remaining_s(self) -> float | None:
        """Time left at this session's rate of stages; None until it can be told."""
        left = (self.planned - self.settled_before) * len(STAGES) - self.stages_done
        return left * self.elapsed_s / self.stages_done if self.stages_done else None


async def show(console: Console, snapshot: Callable[[], RunSnapshot]) -> None:
    """Redraws until cancelled."""
    every_s = REDRAWN_EVERY_S if console.is_terminal else PLAIN_LINE_EVERY_S
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    context: AbstractContextManager[object] = live if live else nullcontext()
    with context:
        while True:
            await anyio.sleep(every_s)
            if live:
                live.update(view(snapshot()), refresh=True)
            else:
                console.print(plain_line(snapshot()), markup=False, highlight=False, soft_wrap=True)


def plain_line(run: RunSnapshot) -> str:
    """`12/75 settled, 10 accepted, 2 rejected, 31 in flight, 812 tokens/s, 40 s left`."""
    parts = [
        f"{run.settled}/{run.planned} settled",
        f"{run.accepted} accepted",
        f"{sum(run.rejected.values())} rejected",
        f"{sum(endpoint.in_flight for endpoint in run.pool.endpoints)} in flight",
        f"{sum(endpoint.tokens_per_s for endpoint in run.pool.endpoints):.0f} tokens/s",
    ]
    if run.remaining_s is not None:
        parts.append(f"{duration(run.remaining_s)} left")
    return ", ".join(parts) + (", stopping" if run.stopping else "")


def view(run: RunSnapshot) -> RenderableType:
    """The funnel above the endpoints."""
    return Group(Text(plain_line(run)), _funnel(run), _endpoints(run.pool))


def _funnel(run: RunSnapshot) -> Table:
    table = Table(box=None, padding=(0, 1))
    for stage in STAGES:
        table.add_column(stage.replace("_", " "), justify="right")
    table.add_column("accepted", justify="right", style="green")
    table.add_column("rejected", justify="right", style="red")
    live = [str(run.live.get(stage, 0)) for stage in STAGES]
    table.add_row(*live, str(run.accepted), reasons(run.rejected) or "0")
    return table


def _endpoints(pool: PoolSnapshot) -> Table:
    table = Table(box=None, padding=(0, 1))
    for name in ("endpoint", "model", "state"):
        table.add_column(name)
    for name in ("in flight", "limit", "done", "failed", "tokens/s"):
        table.add_column(name, justify="right")
    for endpoint in pool.endpoints:
        table.add_row(*_endpoint_row(endpoint))
    return table


def _endpoint_row(endpoint: EndpointSnapshot) -> tuple[str, ...]:
    return (
        escape(endpoint.url),
        escape(endpoint.model or ""),
        escape(_state(endpoint)),
        str(endpoint.in_flight),
        str(endpoint.limit),
        str(endpoint.completed),
        str(sum(endpoint.failed.values())),
        f"{endpoint.tokens_per_s:.0f}",
    )


def _state(endpoint: EndpointSnapshot) -> str:
    """Its state and why; a server's words may be in it, so nothing that a terminal acts on is shown."""
    why = "".join(filter(str.isprintable, endpoint.reason))[:MOST_REASON_CHARS]
    return f"{endpoint.state}: {why}" if why else endpoint.state


def reasons(rejected: Mapping[str, int]) -> str:
    """`low_score 3, markup 1`, the most frequent first."""
    ordered = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count}" for reason, count in ordered)


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.4 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
