"""Every response fits the tool's response schema, where one is known: `{}` takes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.exchanges import Exchange
from funcdex.verify.schemas import UnusableSchema, violations


def invalid_responses(exchange: Exchange, tools: Mapping[str, Tool]) -> Iterator[Fault]:
    """Reasons: invalid_response, one for each violation; unusable_schema where none can be found."""
    tool = tools.get(exchange.call.name)
    if tool is None:
        return
    subject = f"response to call {exchange.number} ({tool.name})"
    try:
        for violation in violations(tool.response, exchange.response):
            yield Fault("invalid_response", f"{subject}: {violation}", exchange.turn)
    except UnusableSchema as error:
        yield Fault("unusable_schema", f"{subject}: the tool's schema is broken: {error}", exchange.turn)
