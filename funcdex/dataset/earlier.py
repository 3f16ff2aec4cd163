"""What a conversation was before each of its corrections, from what the journal keeps beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from funcdex.dml.turns import turn_texts
from funcdex.errors import MarkupError


@dataclass(frozen=True, slots=True)
class Earlier:
    """The state before correction `number`, from 1. `turn`, from 1, is where it was faulty, None: as a whole.

    `how` is what was written again (`turn`, `rest`, `whole`), `replaced` its text as it was, "" if it was not
    kept. `faults` are reasons and details, which may be empty. `text` is the whole conversation at that time;
    None where that cannot be told: of a sample that was given up, and if texts are missing.
    """

    number: int
    turn: int | None
    how: str
    replaced: str
    faults: Sequence[tuple[str, str]]
    text: str | None


def earlier_of(markup: str, corrected: object) -> list[Earlier]:
    """One for each correction that led to a conversation, in order. `corrected` is what the journal says of
    them; what is no note there is left out."""
    notes = [note for note in corrected if isinstance(note, dict)] if isinstance(corrected, list) else []
    texts = _texts_before(markup, notes)
    return [
        _earlier(number, note, text) for number, (note, text) in enumerate(zip(notes, texts, strict=True), 1)
    ]


def _earlier(number: int, note: Mapping[str, Any], text: str | None) -> Earlier:
    turn, how, replaced = note.get("turn"), note.get("how"), note.get("replaced")
    return Earlier(
        number,
        turn if isinstance(turn, int) else None,
        how if isinstance(how, str) else "",
        replaced if isinstance(replaced, str) else "",
        tuple(_faults(note)),
        text,
    )


def _faults(note: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Those that were kept in words; in journals of earlier versions there are only reasons."""
    faults, reasons = note.get("faults"), note.get("reasons")
    if isinstance(faults, list):
        told = [one for one in faults if isinstance(one, dict)]
        yield from ((str(one.get("reason", "")), str(one.get("detail", ""))) for one in told)
    elif isinstance(reasons, list):
        yield from ((str(one), "") for one in reasons)


def _texts_before(markup: str, notes: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Goes back from the end, and puts in place of each answer what it replaced."""
    texts: list[str | None] = [None] * len(notes)
    state: str | None = markup
    for place in reversed(range(len(notes))):
        note = notes[place]
        if state is None or note.get("sample") != notes[-1].get("sample"):
            break
        state = texts[place] = _undone(state, note)
    return texts


def _undone(state: str, note: Mapping[str, Any]) -> str | None:
    turn, replaced = note.get("turn"), note.get("replaced")
    if not isinstance(replaced, str):
        return None
    if turn is None:
        return replaced
    try:
        turns = turn_texts(state)
    except MarkupError:
        return None
    if not isinstance(turn, int) or not 0 < turn <= len(turns):
        return None
    behind = turns[turn:] if note.get("how") == "turn" else ()
    return "".join((*turns[: turn - 1], replaced, *behind))
