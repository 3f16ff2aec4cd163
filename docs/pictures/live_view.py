"""Draws the picture of the live view, `live-view.svg`, from a run on simulated endpoints.

    python docs/pictures/live_view.py

What is drawn is the display of the command itself, at the moment when half of the run is settled; only the
colours and the window around it are chosen here.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import anyio
from rich import _export_format
from rich.console import Console
from rich.terminal_theme import MONOKAI

from funcdex.display.view import view
from funcdex.order import order_from
from funcdex.session import carry_out
from funcdex.settings.load import load
from funcdex.sim.config import SimConfig
from funcdex.sim.process import simulated_processes
from funcdex.snapshot import TakeSnapshot

PICTURE = Path(__file__).with_name("live-view.svg")
COUNT, COLUMNS = 60, 112
NAMES = ("http://gpu1:8000", "http://gpu2:8000", "http://gpu3:8000")


async def main() -> None:
    """Runs, and draws at half-time."""
    drawn: list[str] = []

    async def observe(take: TakeSnapshot) -> None:
        while not drawn:
            await anyio.sleep(0.2)
            if take().settled >= COUNT // 2:
                drawn.append(svg(take))

    async with simulated_processes(len(NAMES), SimConfig(step_ms=2.0, slots=16)) as servers:
        with tempfile.TemporaryDirectory() as folder:
            asked = {"endpoints": [one.url for one in servers], "toolkits": ["gmail", "jira+gmail"]}
            settings = load(None, asked | {"count": COUNT, "dedup": {"enabled": False}}).settings
            await carry_out(
                order_from(Path(folder) / "run", settings), Console(file=io.StringIO()), [observe]
            )
    PICTURE.write_text(drawn[0], "utf-8")
    sys.stdout.write(f"{PICTURE}\n")


def svg(take: TakeSnapshot) -> str:
    """The display of this moment, in a picture that loads no font from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    run = take()
    named = [replace(one, url=name) for one, name in zip(run.pool.endpoints, NAMES, strict=True)]
    console.print(view(replace(run, pool=replace(run.pool, endpoints=tuple(named)))))
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", _export_format.CONSOLE_SVG_FORMAT, flags=re.S)
    return console.export_svg(title="funcdex generate", theme=MONOKAI, code_format=plain, unique_id="live")


if __name__ == "__main__":
    anyio.run(main)
