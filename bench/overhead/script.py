"""What the mock server says to each stage of a run: valid answers that cost it little.

Which stage asks, the first words of its prompt tell; the tools are read out of the prompt. A conversation is
drawn from their schemas, once for each set of tools, and its plan says what it does. The user says every
value that the assistant sends. Scenarios are numbered, so all differ.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from funcdex import stages
from funcdex.dml.writer import write
from funcdex.endpoints.probe_grammar import ODD_WORD
from funcdex.grammar_cost.talk import TalkForm, draw_conversation
from funcdex.grammar_cost.values import words
from funcdex.stages.rubric import ASPECTS, SCORES
from funcdex.types.conversation import Conversation, JsonValue, Turn
from funcdex.types.tools import Tool

TURNS, CALLS = 4, 4
TOOLS_NEEDED = 3
_FIRST_CHARS = 40


class Script:
    """One run's answers."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        text = {name: prose(count) for name, count in (("persona", 70), ("rules", 120))}
        verdict = {"reasoning": prose(50), "turns": _all_good(), **dict.fromkeys(SCORES, 5)}
        scenario = prose(45)
        answers: dict[str, Callable[[str], str]] = {
            "scenario": lambda prompt: f"Case {next(numbers)}: {scenario}",
            "persona": lambda prompt: text["persona"],
            "outline": lambda prompt: plan_of(tuple(_SCHEMAS.findall(prompt))),
            "tools": _needed,
            "conversation": lambda prompt: conversation_with(tuple(_SCHEMAS.findall(prompt))),
            "system_prompt": lambda prompt: text["rules"],
            "judge": lambda prompt: json.dumps(verdict),
        }
        folder = Path(stages.__path__[0]) / "prompts"
        self._answers = {
            (folder / f"{name}.j2").read_text("utf-8")[:_FIRST_CHARS]: answer
            for name, answer in answers.items()
        }

    def answer(self, body: bytes) -> str:
        """To the body of a request. KeyError for a prompt that no stage has, a correction among them."""
        first = json.loads(body)["messages"][0]
        if first["role"] != "system":
            return ODD_WORD  # It is being probed.
        return self._answers[first["content"][:_FIRST_CHARS]](first["content"])


_NAMES = re.compile(r"^- (\S+) \(", re.MULTILINE)
_SCHEMAS = re.compile(r'^\{"name":.*"response":.*\}$', re.MULTILINE)


def _all_good() -> list[dict[str, object]]:
    return [{"turn": number, **dict.fromkeys(ASPECTS, "good")} for number in range(1, TURNS + 1)]


def _needed(prompt: str) -> str:
    return json.dumps({"tools": sorted(_NAMES.findall(prompt))[:TOOLS_NEEDED]})


def prose(count: int) -> str:
    """So many words."""
    return words(random.Random(count), count)


@lru_cache
def conversation_with(shown: tuple[str, ...]) -> str:
    """One of TURNS turns and CALLS calls, with tools as the prompt has them."""
    return write(_drawn(shown))


@lru_cache
def plan_of(shown: tuple[str, ...]) -> str:
    """The plan of that conversation."""
    turns = [_planned(number, turn) for number, turn in enumerate(_drawn(shown).turns, 1)]
    return json.dumps({"facts": [prose(20)], "turns": turns, "ending": prose(10)})


@lru_cache
def _drawn(shown: tuple[str, ...]) -> Conversation:
    tools = sorted((Tool("any", **json.loads(line)) for line in shown), key=lambda tool: tool.name)
    form = TalkForm(thoughts=False, parallel_calls=False, turns=TURNS)
    drawn = draw_conversation(tools[:TOOLS_NEEDED], form, random.Random(7), steps=CALLS)
    return Conversation(tuple(replace(turn, user=_with_values(turn)) for turn in drawn.turns))


def _with_values(turn: Turn) -> str:
    values = (value for call in _calls(turn) for value in _leaves(call[1]))
    return f"{turn.user} {' , '.join(values)}".strip()


def _planned(number: int, turn: Turn) -> dict[str, JsonValue]:
    calls = [
        {
            "tool": name,
            "arguments": {key: {"value": value, "turn": number} for key, value in arguments.items()},
            "result": "ok",
        }
        for name, arguments in _calls(turn)
    ]
    return {"user": prose(20), "calls": calls, "assistant": prose(10)}


def _calls(turn: Turn) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    for message in turn.messages:
        for step in message.steps:
            yield from ((call.name, dict(call.arguments)) for call in step.calls)


def _leaves(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value if isinstance(value, str) else json.dumps(value)
