"""Answers that say something else than the responses did."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from random import Random

from planted.other_values import other_id
from planted.places import Planted, with_message

from funcdex.types.conversation import Conversation
from funcdex.types.tools import Tool

_SAID_NUMBER = re.compile(
    r"(?<=[$€£])[\d,]+\.\d\d|\b\d{3,6}\b(?= bytes)|(?<=became \w{5} in )\d+|\b\d+(?= messages)|\b\d+(?= "
    r"successful)"
)
_SAID_DAY = re.compile(
    rf"\b(\d{{1,2}}) ({'|'.join(date(2000, m, 1).strftime('%B') for m in range(1, 13))})\b|"
    rf"\b({'|'.join(date(2000, m, 1).strftime('%B') for m in range(1, 13))}) (\d{{1,2}})\b"
)


def _answers(talk: Conversation, pattern: re.Pattern[str]) -> list[tuple[int, int, re.Match[str]]]:
    """What the assistant says after a call of the same turn, where the pattern stands in it."""
    return [
        (t, m, found)
        for t, turn in enumerate(talk.turns)
        for m, message in enumerate(turn.messages)
        if any(before.steps for before in turn.messages[:m]) and not message.text.endswith("?")
        for found in pattern.finditer(message.text)
    ]


def _said_otherwise(talk: Conversation, turn: int, at: int, found: re.Match[str], new: str) -> Conversation:
    message = talk.turns[turn].messages[at]
    text = message.text[: found.start()] + new + message.text[found.end() :]
    return with_message(talk, turn, at, replace(message, text=text))


def wrong_number(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another amount or count in the answer than in the response."""
    places = _answers(talk, _SAID_NUMBER)
    if not places:
        return None
    turn, at, found = rng.choice(places)
    if "." in found[0]:
        new = f"{float(found[0].replace(',', '')) * rng.choice((1.1, 0.75, 10)) + 13.37:,.2f}"
    else:
        new = str(int(found[0]) + rng.choice((9, 14, 120)))
    return Planted(_said_otherwise(talk, turn, at, found, new), turn, ("contradicts_response",))


def wrong_said_day(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another day in the answer than in the response."""
    places = _answers(talk, _SAID_DAY)
    if not places:
        return None
    turn, at, found = rng.choice(places)
    day, month = (found[1], found[2]) if found[1] else (found[4], found[3])
    other = (int(day) + rng.choice((3, 6, 11)) - 1) % 28 + 1
    new = f"{other} {month}" if found[1] else f"{month} {other}"
    return Planted(_said_otherwise(talk, turn, at, found, new), turn, ("contradicts_response",))


def wrong_said_id(talk: Conversation, tools: Sequence[Tool], rng: Random) -> Planted | None:
    """Another key, id or link in the answer than in the response."""
    places = _answers(
        talk,
        re.compile(
            r"\b[A-Z]{2,5}-\d{3,6}\b|\b(?:in|pi|sub)_\w{10,}|\b[A-Z]{2}\d\d-\d{4}\b|https?://\S{20,}[\w/]"
        ),
    )
    if not places:
        return None
    turn, at, found = rng.choice(places)
    return Planted(
        _said_otherwise(talk, turn, at, found, other_id(found[0], rng)), turn, ("contradicts_response",)
    )
