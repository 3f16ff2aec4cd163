"""All deterministic checks of a conversation: what needs no model to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.arguments import invalid_arguments
from funcdex.verify.exchanges import Exchange, exchanges
from funcdex.verify.responses import invalid_responses
from funcdex.verify.tools import unknown_tools


def verify(
    conversation: Conversation, tools: Sequence[Tool], *, error_responses: bool = False
) -> tuple[Fault, ...]:
    """Every fault, call by call. `tools` are those that were shown, their names unique. `error_responses`: a
    response may be an error that the tool's schema does not describe (`dml.error_response`).

    Raises nothing, whatever stands in the tools' schemas. CPU-bound: from async code, call it in a thread.
    """
    by_name = {tool.name: tool for tool in tools}
    return tuple(
        fault
        for exchange in exchanges(conversation)
        for fault in _exchange_faults(exchange, by_name, error_responses)
    )


def _exchange_faults(exchange: Exchange, tools: Mapping[str, Tool], error_responses: bool) -> Iterator[Fault]:
    yield from unknown_tools(exchange, tools)
    yield from invalid_arguments(exchange, tools)
    yield from invalid_responses(exchange, tools, errors=error_responses)
