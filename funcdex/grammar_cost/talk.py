"""Conversations to measure a grammar along: drawn from the tools it was made of, written in markup.

What they say makes no sense; it has the lengths that real ones have. More than half of it is inside JSON.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from funcdex.dml.writer import write
from funcdex.grammar.json_schema import read_schema
from funcdex.grammar_cost.values import value_of, words
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.error_response import response_forms
from funcdex.types.tools import JsonSchema, Tool

MAX_STEPS = 400


@dataclass(frozen=True, slots=True)
class TalkForm:
    """What conversations may look like: the settings that a grammar is made with."""

    thoughts: bool
    parallel_calls: bool
    turns: int
    exact: bool = False


def conversation_text(
    tools: Sequence[Tool], form: TalkForm, *, seed: int, long_enough: Callable[[str], bool]
) -> str:
    """A conversation in markup: the shortest of those tried that is long enough, or the longest one."""
    text = ""
    for steps in range(1, MAX_STEPS + 1):
        text = write(draw_conversation(tools, form, random.Random(seed), steps=steps))
        if long_enough(text):
            break
    return text


def draw_conversation(
    tools: Sequence[Tool], form: TalkForm, rng: random.Random, *, steps: int
) -> Conversation:
    """Each turn: a question, its share of the steps (none without tools), an answer of two paragraphs."""
    shares = [len(range(turn, steps, form.turns)) for turn in range(form.turns)]
    return Conversation(tuple(_turn(tools, form, rng, share) for share in shares))


def _turn(tools: Sequence[Tool], form: TalkForm, rng: random.Random, steps: int) -> Turn:
    taken = tuple(_step(tools, form, rng) for _ in range(steps)) if tools else ()
    answer = f"{words(rng, 40)}\n\n{words(rng, 30 if tools else 30 + 30 * steps)}"
    calling = (AssistantMessage(words(rng, 12), taken, _thought(form, rng)),) if taken else ()
    return Turn(words(rng, 40), (*calling, AssistantMessage(answer, thought=_thought(form, rng))))


def _thought(form: TalkForm, rng: random.Random) -> str | None:
    return words(rng, 20) if form.thoughts else None


def _step(tools: Sequence[Tool], form: TalkForm, rng: random.Random) -> Step:
    called = [rng.choice(tools) for _ in range(rng.randint(1, 3) if form.parallel_calls else 1)]
    calls = tuple(ToolCall(tool.name, _arguments(tool, form, rng)) for tool in called)
    return Step(
        calls,
        tuple(_value(response_forms(tool.response or {"type": "object"}).fine, form, rng) for tool in called),
    )


def _arguments(tool: Tool, form: TalkForm, rng: random.Random) -> dict[str, JsonValue]:
    drawn = _value(tool.parameters, form, rng)
    return drawn if isinstance(drawn, dict) else {}


def _value(schema: JsonSchema, form: TalkForm, rng: random.Random) -> JsonValue:
    return value_of(read_schema(schema, where="schema of a tool", exact=form.exact).shape, rng)
