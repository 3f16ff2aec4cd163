"""What is asked of a conversation beyond the language: thoughts, calls, errors, opening, how many turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from funcdex.types.conversation import AssistantMessage, Conversation, Turn
from funcdex.types.error_response import is_error
from funcdex.types.fault import Fault

Calls = Literal["none", "free", "required"]
"""Whether tools may be called: never, at will, at least once."""
ErrorResponses = Literal["none", "allowed", "required"]
"""Whether responses may be errors (`error_response.py`) that the tool's own schema does not describe: none,
any, and at least one has to be."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`thoughts`: every assistant message has one, or none has. `parallel_calls`: a step may hold several.

    `min_user_turns` and `max_user_turns` are the fewest and most user messages, both allowed. `must_call`
    names the tools each of which is called somewhere. `error_responses` matters here only as `required`:
    which responses fit is for `verify`. `before` are the first turns, `opening` the user message after them.
    """

    thoughts: bool
    parallel_calls: bool
    min_user_turns: int
    max_user_turns: int
    must_call: tuple[str, ...] = ()
    calls: Calls = "free"
    error_responses: ErrorResponses = "none"
    opening: str | None = None
    before: tuple[Turn, ...] = ()


def check(conversation: Conversation, rules: Rules) -> tuple[Fault, ...]:
    """Every rule that the conversation breaks, in the order of its turns; what the whole lacks comes last.

    Reasons: missing_thought, unexpected_thought, parallel_call, unexpected_call, missing_call,
    missing_error_response, other_opening, too_few_user_turns, too_many_user_turns.
    """
    in_turns = (
        fault
        for index, turn in enumerate(conversation.turns)
        for number, message in enumerate(turn.messages, 1)
        for fault in _message_faults(message, f"assistant message {number} of the turn", index, rules)
    )
    return (
        *in_turns,
        *_missing_calls(conversation, rules),
        *_opening_faults(conversation, rules),
        *_turn_count_faults(len(conversation.turns), rules),
    )


def _message_faults(message: AssistantMessage, name: str, turn: int, rules: Rules) -> Iterator[Fault]:
    if rules.thoughts and message.thought is None:
        yield Fault("missing_thought", f"{name} has no thought before it", turn)
    if not rules.thoughts and message.thought is not None:
        yield Fault("unexpected_thought", f"{name} has a thought before it", turn)
    if rules.calls == "none" and message.steps:
        called = message.steps[0].calls[0].name[:64]
        yield Fault("unexpected_call", f"{name} calls {called!r}; no tool was to be called", turn)
    if rules.parallel_calls:
        return
    for step in message.steps:
        if len(step.calls) > 1:
            detail = f"{name} calls {len(step.calls)} tools at once; each call must wait for its response"
            yield Fault("parallel_call", detail, turn)


def _missing_calls(conversation: Conversation, rules: Rules) -> Iterator[Fault]:
    called = {call.name for call in conversation.calls}
    for name in rules.must_call:
        if name not in called:
            yield Fault("missing_call", f"the tool {name!r} is never called; it has to be, at least once")
    if rules.calls == "required" and not called:
        yield Fault("missing_call", "no tool is called; at least one call was asked for")
    responses = (response for step in conversation.steps for response in step.responses)
    if rules.error_responses == "required" and not any(map(is_error, responses)):
        yield Fault("missing_error_response", "no tool response is an error; at least one has to be")


def _opening_faults(conversation: Conversation, rules: Rules) -> Iterator[Fault]:
    if rules.opening is None:
        return
    begun = len(rules.before)
    if conversation.turns[:begun] != rules.before:
        yield Fault("other_opening", f"the first turns are not the {begun} that were given")
    elif len(conversation.turns) == begun or conversation.turns[begun].user != rules.opening:
        yield Fault("other_opening", f"the user does not say {rules.opening[:80]!r}, as was given", begun)


def _turn_count_faults(count: int, rules: Rules) -> Iterator[Fault]:
    if count < rules.min_user_turns:
        detail = f"the number of user messages is {count}; at least {rules.min_user_turns} were asked for"
        yield Fault("too_few_user_turns", detail)
    if count > rules.max_user_turns:
        detail = f"the number of user messages is {count}; at most {rules.max_user_turns} were asked for"
        yield Fault("too_many_user_turns", detail)
