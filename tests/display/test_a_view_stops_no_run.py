"""Whatever befalls the terminal, the run goes on."""

from __future__ import annotations

import threading
from io import StringIO

import anyio
import pytest
from snapshots import endpoint, moment

from funcdex.display import live
from funcdex.display.live import LastingConsole, show, tell
from funcdex.snapshot import RunSnapshot


class Gone(StringIO):
    """A reader that went away."""

    def __init__(self, fault: OSError) -> None:
        super().__init__()
        self._fault = fault

    def write(self, text: str) -> int:
        raise self._fault


@pytest.mark.parametrize("fault", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
@pytest.mark.parametrize("terminal", [True, False])
async def test_a_reader_that_goes_away_only_ends_the_drawing(
    fault: OSError, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REDRAWN_EVERY_S", 0.0)
    monkeypatch.setattr(live, "PLAIN_LINE_EVERY_S", 0.0)
    console = LastingConsole(file=Gone(fault), force_terminal=terminal)
    looked = anyio.Event()

    def snapshot() -> RunSnapshot:
        looked.set()
        return moment(endpoint())

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(show, console, snapshot)
            if not terminal:
                await looked.wait()
            while not console.quiet:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    tell(console, "said to nobody")


class Held(StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = threading.Event(), threading.Event()
        self.gave_up = False

    def write(self, text: str) -> int:
        self.asked.set()
        if not self.let_go.wait(10):
            self.gave_up = True
            self.let_go.set()
        return super().write(text)


async def test_a_terminal_that_is_held_does_not_hold_up_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PLAIN_LINE_EVERY_S", 0.0)
    terminal = Held()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(show, LastingConsole(file=terminal), lambda: moment(endpoint()))
        while not terminal.asked.is_set():
            await anyio.lowlevel.checkpoint()
        for _ in range(1000):
            await anyio.lowlevel.checkpoint()
        terminal.let_go.set()
        tasks.cancel_scope.cancel()
    assert not terminal.gave_up


def test_a_note_has_nothing_that_a_terminal_acts_on() -> None:
    console = LastingConsole(file=StringIO(), width=20)
    tell(console, "\x1b[31mred [bold]" + "and very long" * 3)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == "note: \\x1b[31mred [bold]" + "and very long" * 3 + "\n"
