"""Looks at what a server says of its load while it works, so that its limit follows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from funcdex.endpoints.load import read_load
from funcdex.pool.member import Member


async def watch_load(
    member: Member,
    every_s: float,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    moved: Callable[[], None],
) -> None:
    """Until the endpoint is gone. `moved` is called when it may take more."""
    while not member.gone:
        await sleep(every_s)
        if not (member.facts and member.facts.metrics and member.in_flight and member.up(clock())):
            continue
        load = await read_load(member.client)
        if load is not None:
            member.observe(load, clock())
            moved()
