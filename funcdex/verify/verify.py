"""All deterministic checks of a conversation: what needs no model to decide.

`docs/verification.md` lists the reasons; the rules of each check stand in its own file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from funcdex.settings.verify import VerifySettings
from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.arguments import invalid_arguments
from funcdex.verify.errors import ignored_errors
from funcdex.verify.exchanges import Exchange, exchanges
from funcdex.verify.file_content import file_contents
from funcdex.verify.given import NOTHING, Given
from funcdex.verify.grounding import ungrounded_arguments
from funcdex.verify.language import foreign_texts
from funcdex.verify.placeholders import placeholders
from funcdex.verify.repetition import repetitions
from funcdex.verify.responses import invalid_responses
from funcdex.verify.roles import role_faults
from funcdex.verify.statements import contradictions
from funcdex.verify.tools import unknown_tools
from funcdex.verify.transcript import transcript

ALL_CHECKS = VerifySettings()


def verify(
    conversation: Conversation,
    tools: Sequence[Tool] | None,
    given: Given = NOTHING,
    checks: VerifySettings = ALL_CHECKS,
    *,
    error_responses: bool = False,
) -> tuple[Fault, ...]:
    """Every fault: those of calls against their tools first, then what the text says, check by check.

    `tools` are those that were shown, their names unique; None where nobody knows them, and then nothing is
    held against them. `error_responses`: a response may be an error that the tool's schema does not describe
    (`dml.error_response`).

    Raises nothing, whatever stands in the tools' schemas. CPU-bound, some milliseconds for a
    conversation of ordinary length: from async code, `off_loop_if_long` calls it.
    """
    fitting = () if tools is None else fits_tools(conversation, tools, error_responses=error_responses)
    by_name = {tool.name: tool for tool in tools or ()}
    return (*fitting, *_content_faults(conversation, by_name, given, checks))


def fits_tools(
    conversation: Conversation, tools: Sequence[Tool], *, error_responses: bool = False
) -> tuple[Fault, ...]:
    """Calls and responses against the tools alone, call by call."""
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


def _content_faults(
    conversation: Conversation, tools: Mapping[str, Tool], given: Given, checks: VerifySettings
) -> Iterator[Fault]:
    turns = transcript(conversation, tools)
    if checks.grounding:
        yield from ungrounded_arguments(turns, tools, given)
    if checks.statements:
        yield from contradictions(turns, tools, given)
        yield from ignored_errors(conversation) if given.english else ()
    if checks.placeholders:
        allowed = checks.allow_example_domains
        yield from placeholders(turns, tools, allow_example_domains=allowed, english=given.english)
    if checks.file_content:
        for index, turn in enumerate(turns):
            for called in turn.calls:
                yield from file_contents(index, called.told, called.arguments.values)
    if checks.repetition:
        yield from repetitions(conversation, same_calls=checks.same_calls)
    if checks.language and given.language is not None:
        yield from foreign_texts(conversation, given.language)
    if checks.roles:
        yield from role_faults(conversation, given)
