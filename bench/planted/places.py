"""Where in a talk something can be changed, and the talk with that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall
from funcdex.types.tools import Tool


@dataclass(frozen=True, slots=True)
class Planted:
    """A talk with one fault. `persona` is what the writer knew of the user, where the kind needs it."""

    conversation: Conversation
    turn: int
    reasons: tuple[str, ...]
    persona: str | None = None


Kind = Callable[[Conversation, Sequence[Tool], Random], Planted | None]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """One call: where it is."""

    turn: int
    message: int
    step: int
    index: int
    call: ToolCall
    response: Any


def spots(talk: Conversation) -> list[Spot]:
    """Every call of a talk."""
    return [
        Spot(t, m, s, c, call, step.responses[c])
        for t, turn in enumerate(talk.turns)
        for m, message in enumerate(turn.messages)
        for s, step in enumerate(message.steps)
        for c, call in enumerate(step.calls)
    ]


def with_call(
    talk: Conversation, spot: Spot, *, call: ToolCall | None = None, response: Any = ...
) -> Conversation:
    """The talk with another call or response at a spot."""
    turn = talk.turns[spot.turn]
    message = turn.messages[spot.message]
    step = message.steps[spot.step]
    calls, responses = list(step.calls), list(step.responses)
    calls[spot.index] = call or spot.call
    responses[spot.index] = spot.response if response is ... else response
    steps = list(message.steps)
    steps[spot.step] = Step(tuple(calls), tuple(responses))
    return with_message(talk, spot.turn, spot.message, replace(message, steps=tuple(steps)))


def with_message(talk: Conversation, turn: int, index: int, message: AssistantMessage) -> Conversation:
    """The talk with another message of the assistant."""
    messages = list(talk.turns[turn].messages)
    messages[index] = message
    turns = list(talk.turns)
    turns[turn] = replace(talk.turns[turn], messages=tuple(messages))
    return Conversation(tuple(turns))


def with_last_words(talk: Conversation, turn: int, text: str) -> Conversation:
    """The talk with other last words in a turn."""
    at = len(talk.turns[turn].messages) - 1
    return with_message(talk, turn, at, replace(talk.turns[turn].messages[at], text=text))


def with_user(talk: Conversation, turn: int, text: str) -> Conversation:
    """The talk with another user message."""
    turns = list(talk.turns)
    turns[turn] = replace(turns[turn], user=text)
    return Conversation(tuple(turns))


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    """Path, nearest key and value of everything that is no container."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))
    else:
        yield path, next((part for part in reversed(path) if isinstance(part, str)), ""), value


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {**value, head: put(value[head], tuple(rest), new)}
    return [put(item, tuple(rest), new) if index == head else item for index, item in enumerate(value)]


def arguments(talk: Conversation, fits: Callable[[str, Any], bool]) -> list[tuple[Spot, Path, Any]]:
    return [
        (spot, path, value)
        for spot in spots(talk)
        for path, key, value in paths(dict(spot.call.arguments))
        if fits(key, value)
    ]


def changed(talk: Conversation, spot: Spot, path: Path, new: Any) -> Conversation:
    return with_call(talk, spot, call=ToolCall(spot.call.name, put(dict(spot.call.arguments), path, new)))
