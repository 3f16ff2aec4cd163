"""What a judge is asked, and how its answer is read: a verdict on each turn, scores for the whole.

    {"reasoning": "...",
     "turns": [{"turn": 1, "tool_choice": "good", "arguments": "wrong: the id was never given", ...}, ...],
     "goal_reached": 4, "user_query_clarity": 5, "tool_use_quality": 3}

There are as many entries as turns, in order: the grammar says so, and the answer is looked at again here. So
there is one grammar for each number of turns, and it depends on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from funcdex.types.conversation import JsonValue

ASPECTS = ("tool_choice", "arguments", "use_of_response", "user_clarity", "naturalness")
"""What is judged of each turn."""
OF_THE_ASSISTANT = ("tool_choice", "arguments", "use_of_response", "naturalness")
"""The aspects that say whether the assistant's part of a turn is worth learning from."""

VERDICTS = ("wrong", "flawed", "good")
"""From the worst to the best."""

SCORES = ("goal_reached", "user_query_clarity", "tool_use_quality")
"""What is judged of the whole, from 1 to 5."""
SCALE = (1, 2, 3, 4, 5)

LONGEST_REASON = 300
"""Characters of a reason that are kept."""

MOST_WORDS = 25
"""Of a reason. Bounded, or one that got lost would run to the token limit; words, because counting characters
is dear."""

_VERDICT = re.compile(r"(good)|(flawed|wrong):(.*\S.*)", re.DOTALL)
VERDICT_SCHEMA = {"type": "string", "pattern": f"^(good|(flawed|wrong):( [^ ]+){{1,{MOST_WORDS}}})$"}
_SCORE_SCHEMA = {"type": "integer", "enum": list(SCALE)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of VERDICTS, and why; `reason` is empty for `good` alone."""

    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One judge's whole answer: by turn the verdict on each aspect, and a score by name."""

    reasoning: str
    turns: tuple[Mapping[str, Verdict], ...]
    scores: Mapping[str, int]


def answer_schema(turns: int) -> dict[str, Any]:
    """The form of an answer about a conversation of so many turns."""
    # By place and with its number, so that a judge cannot lose count.
    entries = [
        _object({"turn": {"const": number}} | dict.fromkeys(ASPECTS, VERDICT_SCHEMA))
        for number in range(1, turns + 1)
    ]
    array = {"type": "array", "prefixItems": entries, "items": False, "minItems": turns, "maxItems": turns}
    whole = {"reasoning": {"type": "string"}, "turns": array} | dict.fromkeys(SCORES, _SCORE_SCHEMA)
    return _object(whole)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_opinion(text: str, turns: int) -> Opinion | None:
    """The opinion that an answer about so many turns says; None if it says none."""
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    match answer:
        case {"reasoning": str(reasoning), "turns": list(entries)} if len(entries) == turns:
            read = [_turn(entry, number) for number, entry in enumerate(entries, 1)]
            scores = {name: answer.get(name) for name in SCORES}
        case _:
            return None
    # Not just `in`: True is 1 in Python.
    if None in read or not all(type(score) is int and score in SCALE for score in scores.values()):
        return None
    return Opinion(reasoning, tuple(entry for entry in read if entry is not None), scores)


def _turn(entry: JsonValue, number: int) -> dict[str, Verdict] | None:
    if not isinstance(entry, dict) or entry.get("turn") != number:
        return None
    verdicts = {aspect: read_verdict(entry.get(aspect)) for aspect in ASPECTS}
    known = {aspect: verdict for aspect, verdict in verdicts.items() if verdict is not None}
    return known if len(known) == len(ASPECTS) else None


def read_verdict(said: JsonValue) -> Verdict | None:
    """The verdict that a string of VERDICT_SCHEMA says; None if it says none."""
    found = _VERDICT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        return None
    good, bad, reason = found.groups()
    return Verdict(good) if good else Verdict(bad, " ".join(reason.split())[:LONGEST_REASON])
