"""Every call names a tool that was shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.exchanges import Exchange


def unknown_tools(exchange: Exchange, tools: Mapping[str, Tool]) -> Iterator[Fault]:
    """Reason: unknown_tool. `tools` are the shown ones by name."""
    if exchange.call.name not in tools:
        name = exchange.call.name[:64]
        yield Fault(
            "unknown_tool", f"call {exchange.number} names {name!r}, which is not a shown tool", exchange.turn
        )
