"""The live view names the endpoints that are out, and why."""

from __future__ import annotations

from io import StringIO

from endpoints.scripted_server import ScriptedServer, serving
from rich.console import Console

from funcdex.display import RunSnapshot, view
from pool.pool_tools import pool_over


async def test_an_endpoint_that_is_out_is_shown_with_the_reason() -> None:
    honest, lying = ScriptedServer(), ScriptedServer(enforces=False, text="\x1b[31mHi [b]")
    async with serving(honest, lying), pool_over(honest, lying) as running:
        run = RunSnapshot(5, 0, {}, {}, 0, 0, 1.0, running.pool.snapshot())
        console = Console(file=StringIO(), width=250, color_system=None)
        console.print(view(run))
    assert isinstance(console.file, StringIO)
    rows = {line.split()[0]: line for line in console.file.getvalue().splitlines() if "http://" in line}
    assert " ready " in rows[honest.url] and "refused: it ignores the grammar" in rows[lying.url]
    assert "\x1b" not in console.file.getvalue()
