"""What a run's owner reads at its end, and in between."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from funcdex.display.words import duration, total
from funcdex.printable import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcdex.rundir.layout import RunDir
    from funcdex.rundir.status import RunStatus
    from funcdex.session import Ending

SIMULATED = "Written by simulated endpoints: the form is right, the content has no sense. Do not train on it."


def ending_text(ending: Ending, run: RunDir) -> str:
    """The closing table of a session, and what to do next."""
    rows = {"planned": ending.planned, "accepted": ending.accepted}
    rows |= {f"rejected: {reason}": count for reason, count in ending.rejected.items()}
    left = ending.planned - ending.settled
    lines = [_table(rows | ({"not finished": left} if left else {})), f"in {ending.elapsed_s:.1f} s"]
    if ending.simulated:
        lines.append(SIMULATED)
    if ending.fault:
        lines.append(f"stopped: {printable(str(ending.fault))}")
    if left:
        lines.append(f"go on with:  funcdex resume {printable(str(run.path))}")
    lines.append(f"data set:    {printable(str(run.output('parsed_conversations')))}")
    return "\n".join(lines) + "\n"


def status_text(status: RunStatus) -> str:
    """The funnel of a run."""
    rows: dict[str, object] = {"planned": status.planned, "not begun": status.not_begun}
    rows |= {f"before {stage}": count for stage, count in status.in_progress.items()}
    rows |= {"accepted": status.accepted}
    rows |= {f"rejected: {reason}": count for reason, count in status.rejected.items()}
    for model, tokens in status.tokens.items():
        rows[f"tokens, {model}"] = f"{tokens.prompt} prompt, {tokens.completion} completion"
    if status.adjudicated:
        rows["scenarios compared by a model"] = status.adjudicated
    if status.cost is not None:
        rows["cost"] = f"{status.cost:.2f}"
    if status.per_hour is not None:
        rows["settled per hour"] = f"{status.per_hour:.0f}"
    if status.running:
        rows["time left"] = "not known yet" if status.left_s is None else duration(status.left_s)
    rows["state"] = (
        "running" if status.running else "finished" if status.settled >= status.planned else "stopped"
    )
    rows["begun, last written"] = f"{status.started_at}, {status.last_at}"
    rows |= {f"out: {url}": why for url, why in status.endpoints_out.items()}
    if status.damaged:
        rows["damaged lines"] = status.damaged
    return _table(rows) + "\n"


def status_line(status: RunStatus) -> str:
    """`12/75 settled, 10 accepted, 2 rejected (markup 2), 31 begun, 40 s left`."""
    parts = [
        f"{status.settled}/{status.planned} settled",
        f"{status.accepted} accepted",
        total(status.rejected, "rejected"),
        f"{sum(status.in_progress.values())} begun",
    ]
    if status.left_s is not None:
        parts.append(f"{duration(status.left_s)} left")
    return ", ".join(parts)


def _table(rows: Mapping[str, object]) -> str:
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column()
    table.add_column()
    for name, value in rows.items():
        table.add_row(printable(name), printable(str(value)))
    console = Console(file=StringIO(), width=110, no_color=True, markup=False)
    console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().rstrip()
