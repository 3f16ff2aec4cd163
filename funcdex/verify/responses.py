"""Every response fits the tool's response schema, where one is known: `{}` takes anything.

Where errors are allowed, the form for tools that describe none (`ERROR_SCHEMA`) fits as well; a tool that
describes its errors fails in its own form alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from funcdex.types.conversation import JsonValue
from funcdex.types.error_response import ERROR_SCHEMA, response_forms
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.exchanges import Exchange
from funcdex.verify.schemas import UnusableSchema, violations


def invalid_responses(
    exchange: Exchange, tools: Mapping[str, Tool], *, errors: bool = False
) -> Iterator[Fault]:
    """Reasons: invalid_response, one for each violation; unusable_schema where none can be found. `errors`: a
    response may be an error."""
    tool = tools.get(exchange.call.name)
    if tool is None:
        return
    if errors and _is_general_error(exchange.response, tool):
        return
    subject = f"response to call {exchange.number} ({tool.name})"
    try:
        for violation in violations(tool.response, exchange.response):
            yield Fault("invalid_response", f"{subject}: {violation}", exchange.turn)
    except UnusableSchema as error:
        yield Fault("unusable_schema", f"{subject}: the tool's schema is broken: {error}", exchange.turn)


def _is_general_error(response: JsonValue, tool: Tool) -> bool:
    described = response_forms(tool.response).own
    return not described and not violations(ERROR_SCHEMA, response)
