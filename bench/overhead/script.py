"""What the mock server says to each stage of a run: valid answers that cost it little.

Which stage asks, the first words of its prompt tell; the tools are read out of the prompt. A conversation is
drawn from their schemas, once for each set of tools. Scenarios are numbered, so all differ.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from funcdex import stages
from funcdex.dml.writer import write
from funcdex.endpoints.probe_grammar import ODD_WORD
from funcdex.grammar_cost.talk import TalkForm, draw_conversation
from funcdex.grammar_cost.values import words
from funcdex.stages.rubric import ASPECTS, SCORES
from funcdex.types.tools import Tool

TURNS, CALLS = 4, 4
TOOLS_NEEDED = 3
_FIRST_CHARS = 40


class Script:
    """One run's answers."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        text = {name: prose(count) for name, count in (("persona", 70), ("outline", 160), ("rules", 120))}
        verdict = {"reasoning": prose(50), "turns": _all_good(), **dict.fromkeys(SCORES, 5)}
        scenario = prose(45)
        answers: dict[str, Callable[[str], str]] = {
            "scenario": lambda prompt: f"Case {next(numbers)}: {scenario}",
            "persona": lambda prompt: text["persona"],
            "outline": lambda prompt: text["outline"],
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
    return json.dumps({"tools": _NAMES.findall(prompt)[:TOOLS_NEEDED]})


def prose(count: int) -> str:
    """So many words."""
    return words(random.Random(count), count)


@lru_cache
def conversation_with(shown: tuple[str, ...]) -> str:
    """One of TURNS turns and CALLS calls, with tools as the prompt has them."""
    tools = [Tool("any", **json.loads(line)) for line in shown]
    form = TalkForm(thoughts=False, parallel_calls=False, turns=TURNS)
    return write(draw_conversation(tools, form, random.Random(7), steps=CALLS))
