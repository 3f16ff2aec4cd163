"""The arguments of every call fit the tool's parameters (see `schemas`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.exchanges import Exchange
from funcdex.verify.schemas import UnusableSchema, violations


def invalid_arguments(exchange: Exchange, tools: Mapping[str, Tool]) -> Iterator[Fault]:
    """Reasons: invalid_arguments, one for each violation; unusable_schema where none can be found."""
    tool = tools.get(exchange.call.name)
    if tool is None:
        return
    subject = f"arguments of call {exchange.number} ({tool.name})"
    try:
        for violation in violations(tool.parameters, dict(exchange.call.arguments)):
            yield Fault("invalid_arguments", f"{subject}: {violation}", exchange.turn)
    except UnusableSchema as error:
        yield Fault("unusable_schema", f"{subject}: the tool's schema is broken: {error}", exchange.turn)
