"""All deterministic checks of a conversation: what needs no model to decide."""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.arguments import invalid_arguments
from funcdex.verify.exchanges import exchanges
from funcdex.verify.responses import invalid_responses
from funcdex.verify.tools import unknown_tools

_CHECKS = (unknown_tools, invalid_arguments, invalid_responses)


def verify(conversation: Conversation, tools: Sequence[Tool]) -> tuple[Fault, ...]:
    """Every fault, call by call. `tools` are those that were shown, their names unique.

    Raises nothing, whatever stands in the tools' schemas. CPU-bound: from async code, call it in a thread.
    """
    by_name = {tool.name: tool for tool in tools}
    return tuple(
        fault
        for exchange in exchanges(conversation)
        for check in _CHECKS
        for fault in check(exchange, by_name)
    )
