"""The live view of a run, drawn from snapshots. It changes nothing, and what befalls it stops no run.

On a terminal rich redraws in place; elsewhere one plain line every few seconds says the same.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import anyio
import anyio.to_thread
from rich.console import Console
from rich.live import Live

from funcdex.display.view import plain_line, view
from funcdex.printable import printable
from funcdex.snapshot import RunSnapshot, TakeSnapshot

REDRAWN_EVERY_S = 0.5
PLAIN_LINE_EVERY_S = 5.0


class LastingConsole(Console):
    """A console whose reader may go away: then it falls silent, where rich would end the process."""

    def on_broken_pipe(self) -> None:
        """Nobody reads any more."""
        self.quiet = True


async def show(console: Console, snapshot: TakeSnapshot) -> None:
    """Redraws until cancelled."""
    every_s = REDRAWN_EVERY_S if console.is_terminal else PLAIN_LINE_EVERY_S
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    context: AbstractContextManager[object] = live if live else nullcontext()
    try:
        with context:
            while True:
                await anyio.sleep(every_s)
                # In a thread: drawing takes milliseconds, and a terminal that is held (Ctrl-S) takes nothing.
                await anyio.to_thread.run_sync(_draw, console, live, snapshot())
    except OSError:
        console.quiet = True  # The terminal is gone.


def tell(console: Console, text: str) -> None:
    """One line for the user, above what is drawn."""
    try:
        console.print(f"note: {printable(text)}", markup=False, highlight=False, soft_wrap=True)
    except OSError:
        console.quiet = True


def _draw(console: Console, live: Live | None, run: RunSnapshot) -> None:
    if live:
        live.update(view(run), refresh=True)
    else:
        console.print(printable(plain_line(run)), markup=False, highlight=False, soft_wrap=True)
