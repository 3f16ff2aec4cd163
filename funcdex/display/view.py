"""How one moment of a run looks: a funnel above a line for each endpoint, or all in one plain line.

Names, URLs and reasons come from outside: they go into `Text` through `one_line`, never into a string that
rich takes for markup.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from funcdex.display import words
from funcdex.pool.events import EndpointSnapshot, MemberState
from funcdex.printable import one_line
from funcdex.snapshot import RunSnapshot
from funcdex.types.record import STAGES

MOST_ENDPOINTS = 24
_CUT: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
"""For texts of any length: they keep to the one line that there is."""

_STYLES: dict[MemberState, str] = {
    "ready": "green",
    "half_open": "yellow",
    "open": "yellow",
    "down": "red",
    "refused": "red",
    "left": "dim",
}


_UNTOLD = ("ready", "left")
"""States that say nothing is wrong."""


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
    parts += [f"{one_line(one.url)} {one.state}" for one in run.pool.endpoints if one.state not in _UNTOLD]
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
    table = _table()
    for stage in STAGES:
        _add_figures(table, stage.replace("_", "\n"))
    _add_figures(table, "accepted", style="green")
    _add_figures(table, "rejected", style="red")
    live = [str(run.live.get(stage, 0)) for stage in STAGES]
    table.add_row(*live, str(run.accepted), str(sum(run.rejected.values())))
    return table


def _costs(run: RunSnapshot) -> list[Text]:
    pool, grammars = run.pool, run.grammars
    failed = sum((Counter(one.failed) for one in pool.endpoints), Counter[str]())
    told = (("rejected", run.rejected), ("failed requests", failed))
    lines = [f"{what}: {words.counts(by_name)}" for what, by_name in told if by_name]
    twice = f", {pool.hedged} sent twice" if pool.hedged else ""
    lines.append(
        f"requests: {pool.in_flight} in flight, {pool.waiting} waiting, "
        f"{pool.backing_off} backing off{twice}; {pool.tokens_per_s:.0f} tokens/s"
    )
    cost = "" if run.cost is None else f", cost {run.cost:.2f}"
    lines.append(
        f"paid for: {words.tokens(run.tokens.values())}{cost}; "
        f"grammars: {grammars.built} compiled, {grammars.reused} times reused"
    )
    return [Text(line) for line in lines]


def _endpoints(endpoints: Sequence[EndpointSnapshot]) -> Table:
    """The model has a column only where there are several."""
    present = [one for one in endpoints if one.state != "left" or one.in_flight]
    models = {one_line(one.model) for one in present if one.model}
    table = _table()
    table.add_column(Text("endpoint" if len(models) != 1 else f"endpoint ({models.copy().pop()})", **_CUT))
    if len(models) > 1:
        table.add_column("model")
    for name in ("in\nflight", "limit", "waiting\nthere", "tokens/s", "done", "failed"):
        _add_figures(table, name)
    table.add_column("state")
    shown = _most_telling(present)
    for endpoint in shown:
        model = [Text(one_line(endpoint.model or ""), **_CUT)] if len(models) > 1 else []
        table.add_row(Text(_address(endpoint.url), **_CUT), *model, *_figures(endpoint), _state(endpoint))
    if hidden := len(present) - len(shown):
        table.add_row(Text(f"and {hidden} more", **_CUT))
    if left := len(endpoints) - len(present):
        table.add_row(Text(f"{left} left", **_CUT))
    return table


def _most_telling(endpoints: Sequence[EndpointSnapshot]) -> Sequence[EndpointSnapshot]:
    """All in their order; where there are too many, those in trouble come first."""
    if len(endpoints) <= MOST_ENDPOINTS:
        return endpoints
    return sorted(endpoints, key=lambda one: one.state == "ready")[:MOST_ENDPOINTS]


def _address(url: str) -> str:
    return one_line(url.removeprefix("http://"))


def _figures(endpoint: EndpointSnapshot) -> tuple[str, ...]:
    waiting = endpoint.waiting_there
    return (
        str(endpoint.in_flight),
        str(endpoint.limit),
        "-" if waiting is None else str(waiting),
        f"{endpoint.tokens_per_s:.0f}",
        str(endpoint.completed),
        str(sum(endpoint.failed.values())),
    )


def _state(endpoint: EndpointSnapshot) -> Text:
    """Its state and why it is not ready, or that it is given a rest."""
    why = ""
    if endpoint.paused_for_s > 0:
        why = f", pauses for {words.duration(endpoint.paused_for_s)}"
    elif endpoint.reason:
        why = f": {one_line(endpoint.reason)}"
    return Text(endpoint.state + why, style=_STYLES[endpoint.state], **_CUT)


def _table() -> Table:
    return Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)


def _add_figures(table: Table, name: str, style: str = "") -> None:
    # Never cut: where the terminal is narrow, names and reasons give way.
    table.add_column(name, justify="right", vertical="bottom", no_wrap=True, style=style)
