"""The live view of an evaluation: drawn in place on a terminal, elsewhere a plain line every few seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import anyio
import anyio.to_thread
from rich.console import Console
from rich.live import Live
from rich.text import Text

from funcdex.display.live import PLAIN_LINE_EVERY_S, REDRAWN_EVERY_S
from funcdex.evaluate.asking import Progress
from funcdex.pool.events import PoolSnapshot
from funcdex.printable import one_line, printable

Look = Callable[[], tuple[Progress, PoolSnapshot]]
_REASON_CHARS = 80


async def show(console: Console, look: Look) -> None:
    """Redraws until cancelled."""
    live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
    context: AbstractContextManager[object] = live if live else nullcontext()
    try:
        with context:
            while True:
                await anyio.sleep(REDRAWN_EVERY_S if live else PLAIN_LINE_EVERY_S)
                progress, pool = look()
                # In a thread: a terminal that is held (Ctrl-S) takes nothing.
                await anyio.to_thread.run_sync(_draw, console, live, progress, pool)
    except OSError:
        console.quiet = True  # The terminal is gone.


def lines_of(progress: Progress, pool: PoolSnapshot) -> Iterator[str]:
    """What is shown: the whole, then a line for each endpoint."""
    share = progress.line / progress.lines if progress.lines else 1.0
    in_flight = sum(one.in_flight for one in pool.endpoints)
    kept = f", {progress.kept:,} kept from before" if progress.kept else ""
    failed = f", {progress.unanswered:,} unanswered" if progress.unanswered else ""
    yield (
        f"{min(share, 1.0):.0%} of the data set: {progress.answered:,} answered{kept}{failed}, "
        f"{in_flight} in flight, {progress.prompt_tokens:,} prompt and "
        f"{progress.completion_tokens:,} completion tokens"
    )
    for one in pool.endpoints:
        why = f": {one_line(one.reason, _REASON_CHARS)}" if one.reason else ""
        yield (
            f"  {one_line(one.url)} {one.state}{why}, {one.in_flight} of {one.limit} in flight, "
            f"{one.tokens_per_s:.0f} tokens/s"
        )


def _draw(console: Console, live: Live | None, progress: Progress, pool: PoolSnapshot) -> None:
    lines = list(lines_of(progress, pool))
    if live:
        live.update(Text("\n".join(lines)), refresh=True)
    else:
        console.print(printable(lines[0]), markup=False, highlight=False, soft_wrap=True)
