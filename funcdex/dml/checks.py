"""What a run asks of a conversation beyond the language: thoughts, parallel calls, how many turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from funcdex.types.conversation import AssistantMessage, Conversation
from funcdex.types.fault import Fault


@dataclass(frozen=True, slots=True)
class Rules:
    """`thoughts`: every assistant message has one, or none has. `parallel_calls`: a step may hold several.

    `min_user_turns` and `max_user_turns` are the fewest and most user messages, both allowed.
    """

    thoughts: bool
    parallel_calls: bool
    min_user_turns: int
    max_user_turns: int


def check(conversation: Conversation, rules: Rules) -> tuple[Fault, ...]:
    """Every rule that the conversation breaks, in the order of its turns; the count of turns comes last.

    Reasons: missing_thought, unexpected_thought, parallel_call, too_few_user_turns, too_many_user_turns.
    """
    in_turns = (
        fault
        for index, turn in enumerate(conversation.turns)
        for number, message in enumerate(turn.messages, 1)
        for fault in _message_faults(message, f"assistant message {number} of the turn", index, rules)
    )
    return (*in_turns, *_turn_count_faults(len(conversation.turns), rules))


def _message_faults(message: AssistantMessage, name: str, turn: int, rules: Rules) -> Iterator[Fault]:
    if rules.thoughts and message.thought is None:
        yield Fault("missing_thought", f"{name} has no thought before it", turn)
    if not rules.thoughts and message.thought is not None:
        yield Fault("unexpected_thought", f"{name} has a thought before it", turn)
    if rules.parallel_calls:
        return
    for step in message.steps:
        if len(step.calls) > 1:
            detail = f"{name} calls {len(step.calls)} tools at once; each call must wait for its response"
            yield Fault("parallel_call", detail, turn)


def _turn_count_faults(count: int, rules: Rules) -> Iterator[Fault]:
    if count < rules.min_user_turns:
        detail = f"the number of user messages is {count}; at least {rules.min_user_turns} were asked for"
        yield Fault("too_few_user_turns", detail)
    if count > rules.max_user_turns:
        detail = f"the number of user messages is {count}; at most {rules.max_user_turns} were asked for"
        yield Fault("too_many_user_turns", detail)
