"""How one moment of a run looks: a funnel above a line for each endpoint, or all in one plain line.

Names, URLs and reasons come from outside: they go into `Text` through `one_line`, never into a string that
rich takes for markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from funcdex.display import words
from funcdex.pool.events import EndpointSnapshot, MemberState
from funcdex.printable import one_line
from funcdex.snapshot import RunSnapshot, waiting_there
from funcdex.types.record import STAGES

MOST_ENDPOINTS = 24
MOST_CHARS = 48
"""Of a name or a reason."""

_STYLES: dict[MemberState, str] = {
    "ready": "green",
    "half_open": "yellow",
    "open": "yellow",
    "down": "red",
    "refused": "red",
}


def plain_line(run: RunSnapshot) -> str:
    """`12/75 settled, 10 accepted, 2 rejected (markup 2), 31 in flight, 812 tokens/s, 40 s left`."""
    parts = [
        f"{run.settled}/{run.planned} settled",
        f"{run.accepted} accepted",
        words.total(run.rejected, "rejected"),
        f"{run.pool.in_flight} in flight",
        f"{run.pool.tokens_per_s:.0f} tokens/s",
    ]
    if run.left_s is not None:
        parts.append(f"{words.duration(run.left_s)} left")
    parts += [f"{one_line(one.url)} {one.state}" for one in run.pool.endpoints if one.state != "ready"]
    return ", ".join(parts) + (", stopping" if run.stopping else "")


def view(run: RunSnapshot) -> RenderableType:
    """Progress, the funnel, what it took, and the endpoints."""
    return Group(
        Text(_progress(run), style="bold"), _funnel(run), *_costs(run), _endpoints(run.pool.endpoints)
    )


def _progress(run: RunSnapshot) -> str:
    share = f", {100 * run.settled // run.planned} %" if run.planned else ""
    parts = [f"{run.settled} of {run.planned} settled{share}"]
    if run.settled_per_s is not None:
        parts.append(words.pace(run.settled_per_s))
    left = "time left not known yet" if run.left_s is None else f"{words.duration(run.left_s)} left"
    parts += [f"{words.duration(run.elapsed_s)} gone", left]
    return "   ".join(parts) + ("   stopping: finishing what is in flight" if run.stopping else "")


def _funnel(run: RunSnapshot) -> Table:
    table = Table(box=None, padding=(0, 1))
    for stage in STAGES:
        table.add_column(stage.replace("_", " "), justify="right")
    table.add_column("accepted", justify="right", style="green")
    table.add_column("rejected", justify="right", style="red")
    live = [str(run.live.get(stage, 0)) for stage in STAGES]
    table.add_row(*live, str(run.accepted), str(sum(run.rejected.values())))
    return table


def _costs(run: RunSnapshot) -> list[Text]:
    lines = [f"rejected: {words.counts(run.rejected)}"] if run.rejected else []
    pool, grammars = run.pool, run.grammars
    lines.append(
        f"requests: {pool.in_flight} in flight, {pool.waiting} waiting for an endpoint, "
        f"{pool.backing_off} backing off; {pool.tokens_per_s:.0f} tokens/s"
    )
    cost = "" if run.cost is None else f", cost {run.cost:.2f}"
    lines.append(
        f"paid for: {words.tokens(run.tokens.values())}{cost}; "
        f"grammars: {grammars.built} compiled, {grammars.reused} times reused"
    )
    return [Text(line) for line in lines]


def _endpoints(endpoints: Sequence[EndpointSnapshot]) -> Table:
    table = Table(box=None, padding=(0, 1))
    for name in ("endpoint", "model", "state"):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    for name in ("in flight", "limit", "waiting there", "tokens/s", "done", "failed"):
        table.add_column(name, justify="right")
    shown = _most_telling(endpoints)
    for endpoint in shown:
        table.add_row(*_endpoint_row(endpoint))
    if hidden := len(endpoints) - len(shown):
        table.add_row(f"and {hidden} more")
    return table


def _most_telling(endpoints: Sequence[EndpointSnapshot]) -> Sequence[EndpointSnapshot]:
    """All in their order; where there are too many, those in trouble come first."""
    if len(endpoints) <= MOST_ENDPOINTS:
        return endpoints
    return sorted(endpoints, key=lambda one: one.state == "ready")[:MOST_ENDPOINTS]


def _endpoint_row(endpoint: EndpointSnapshot) -> tuple[Text, ...]:
    waiting = waiting_there(endpoint)
    figures = (
        endpoint.in_flight,
        endpoint.limit,
        "-" if waiting is None else waiting,
        f"{endpoint.tokens_per_s:.0f}",
        endpoint.completed,
        words.total(endpoint.failed),
    )
    return (
        Text(one_line(endpoint.url, MOST_CHARS)),
        Text(one_line(endpoint.model or "", MOST_CHARS)),
        Text(_state(endpoint), style=_STYLES[endpoint.state]),
        *(Text(str(figure)) for figure in figures),
    )


def _state(endpoint: EndpointSnapshot) -> str:
    """Its state and why it is not ready, or that it is given a rest."""
    if endpoint.paused_for_s > 0:
        return f"{endpoint.state}, pauses for {words.duration(endpoint.paused_for_s)}"
    why = one_line(endpoint.reason, MOST_CHARS)
    return f"{endpoint.state}: {why}" if why else endpoint.state
