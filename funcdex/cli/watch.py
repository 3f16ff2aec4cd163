"""`funcdex status --watch`: a run that another process works on, looked at through its files."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from funcdex.cli.summary import status_line, status_text
from funcdex.printable import printable
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import held
from funcdex.rundir.status import RunStatus, StatusReader

REDRAWN_EVERY_S = 1.0
PLAIN_LINE_EVERY_S = 5.0
_MORE_OFTEN_S = 0.1


def watched(path: Path, console: Console) -> RunStatus:
    """Draws until the run ends, and returns how it stands then. Raises CheckpointError if there is no run."""
    run = RunDir(path)
    while held(run) and not run.exists:
        time.sleep(_MORE_OFTEN_S)  # It has just been begun.
    reader = StatusReader(run)
    if not console.is_terminal:
        return _told(run, reader, console)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while (now := reader.read()).running:
            live.update(Text(status_text(now)), refresh=True)
            _wait(run, REDRAWN_EVERY_S)
    return now


def _told(run: RunDir, reader: StatusReader, console: Console) -> RunStatus:
    while (now := reader.read()).running:
        console.print(printable(status_line(now)), markup=False, highlight=False, soft_wrap=True)
        _wait(run, PLAIN_LINE_EVERY_S)
    return now


def _wait(run: RunDir, seconds: float) -> None:
    """So long, or until the run ends."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s and held(run):
        time.sleep(_MORE_OFTEN_S)
