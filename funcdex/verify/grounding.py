"""Every id, address, amount, date, time and name in the arguments of a call was known before it.

The rules by key are in `needs.py`, what is looked for within a text in `claims.py`, and what counts as
known in `evidence.py`. All of them err on the side of passing: what is found here is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from funcdex.types.conversation import Conversation, ToolCall
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.claims import EMAIL, IN_ANY_LANGUAGE, URL, claims_in, digits_of
from funcdex.verify.currencies import place_of_currency
from funcdex.verify.evidence import Evidence
from funcdex.verify.file_content import decoded
from funcdex.verify.file_fields import is_base64_field
from funcdex.verify.fold import fold
from funcdex.verify.given import NOTHING, Given
from funcdex.verify.leaves import Leaf
from funcdex.verify.moments import EPOCH_KEYS_FROM, Moment, moment_of
from funcdex.verify.needs import FREE_NUMBERS, WELL_KNOWN, factors_of, is_edge, minutes_of, need_of, snake
from funcdex.verify.quantities import spans_in
from funcdex.verify.sources import Place, source_of_text
from funcdex.verify.totals import place_of_total
from funcdex.verify.transcript import Called, TurnSaid, transcript

MAX_FAULTS = 5
"""Of one call: the rest often follows from the first."""
_ANY_UNIT = (1.0, 100.0, 0.01, 1000.0, 0.001, 60.0, 1 / 60)
_SEPARATORS = ",;| "
SHORTEST_ID = 10_000
"""A whole number below, even an id, may be said in words."""


@dataclass(frozen=True, slots=True)
class Grounding:
    """One value of the arguments, or a part of one. `call` counts in the turn from 1, `path` is in the
    arguments, `value` is what was looked for. `place` is where it was said first, None if nowhere."""

    turn: int
    call: int
    tool: str
    path: str
    value: str
    place: Place | None


def groundings(
    conversation: Conversation, tools: Sequence[Tool], given: Given = NOTHING
) -> tuple[Grounding, ...]:
    """Where each value of each call comes from, in order; values that need no ground are left out."""
    by_name = {tool.name: tool for tool in tools}
    return tuple(_groundings(transcript(conversation, by_name), by_name, given))


def ungrounded_arguments(
    turns: Sequence[TurnSaid], tools: Mapping[str, Tool], given: Given = NOTHING
) -> Iterator[Fault]:
    """Reason: ungrounded_argument, at most MAX_FAULTS for one call."""
    call, found = (-1, -1), 0
    for grounding in _groundings(turns, tools, given):
        if grounding.place is not None:
            continue
        if call != (grounding.turn, grounding.call):
            call, found = (grounding.turn, grounding.call), 0
        found += 1
        if found <= MAX_FAULTS:
            yield Fault(
                "ungrounded_argument",
                f"arguments of call {grounding.call} ({grounding.tool[:64]}): {grounding.path}: "
                f"{grounding.value[:80]!r} is nowhere in what the user said or a tool answered before",
                grounding.turn,
            )


def _groundings(turns: Sequence[TurnSaid], tools: Mapping[str, Tool], given: Given) -> Iterator[Grounding]:
    evidence = Evidence(given.today, schema_text(tools))
    if given.system:
        evidence.add(source_of_text("system", None, given.system))
    for index, turn in enumerate(turns):
        evidence.add(turn.user)
        for step in (step for message in turn.messages for step in message.steps):
            for called in step:
                yield from _call_groundings(called, index, evidence, english=given.english)
            for called in step:
                evidence.add(called.arguments)
                evidence.add(called.answer)
        # The user reads these before the next turn, and could object.
        evidence.add(turn.words)


def schema_text(tools: Mapping[str, Tool]) -> str:
    """What tools say of themselves, folded: in it stand examples and well-known values."""
    return "\n".join(_folded(tool.as_text) for tool in tools.values())


@lru_cache(maxsize=4096)
def _folded(tool_text: str) -> str:
    return fold(tool_text)


def _call_groundings(called: Called, turn: int, evidence: Evidence, *, english: bool) -> Iterator[Grounding]:
    call, sought = called.call, _sought if english else _sought_in_any_language
    for leaf in called.arguments.values:
        if _is_offered(leaf):
            continue
        for value, place in sought(leaf, call, evidence):
            yield Grounding(turn, called.number, call.name, leaf.path, value, place)


def _is_offered(leaf: Leaf) -> bool:
    """Whether the schema itself holds the value out: default, enum, const, examples, a word of the
    description."""
    value, schema = leaf.value, leaf.schema
    if value is None or isinstance(value, bool) or value == "":
        return True
    for keyword in ("default", "const"):
        if keyword in schema and schema[keyword] == value:
            return True
    for keyword in ("enum", "examples"):
        if isinstance(schema.get(keyword), list) and value in schema[keyword]:
            return True
    if schema.get("example") == value or (schema.get("minimum") == value and schema.get("maximum") == value):
        return True
    description = schema.get("description")
    return isinstance(value, str) and isinstance(description, str) and _is_named_in(value, description)


def _is_named_in(value: str, description: str) -> bool:
    if not 1 < len(value) <= 60 or EMAIL.fullmatch(value.lower()):
        return False
    place = description.find(value)
    before, after = description[place - 1 : place], description[place + len(value) :][:1]
    return place >= 0 and not before.isalnum() and not after.isalnum()


def _sought(leaf: Leaf, call: ToolCall, evidence: Evidence) -> Iterator[tuple[str, Place | None]]:
    """What is looked for, and where it was found."""
    value = leaf.value
    if isinstance(value, str) and is_base64_field(leaf.key, leaf.schema):
        # Of a file what can be read in it is looked at, as in any text.
        content = decoded(value)
        yield from _of_text((content or b"").decode("utf-8", "ignore"), leaf, evidence)
    elif isinstance(value, str):
        yield from _of_string(value, leaf, call, evidence)
    elif isinstance(value, int | float) and abs(value) < 1e15:
        if need_of(leaf.key, leaf.above, call.name) != "free" and value not in FREE_NUMBERS and value != -1:
            yield f"{value}", _number(value, leaf, evidence)


def _sought_in_any_language(
    leaf: Leaf, call: ToolCall, evidence: Evidence
) -> Iterator[tuple[str, Place | None]]:
    """The same without what takes words to be known: numbers, days and times may be said in words, names
    may be inflected. Left are ids with a digit, and addresses."""
    value = leaf.value
    if isinstance(value, int) and value >= SHORTEST_ID:
        if need_of(leaf.key, leaf.above, call.name) in ("id", "entity"):
            yield f"{value}", _number(value, leaf, evidence)
        return
    if not isinstance(value, str):
        return
    if is_base64_field(leaf.key, leaf.schema):
        value = (decoded(value) or b"").decode("utf-8", "ignore")
    need, folded = need_of(leaf.key, leaf.above, call.name), fold(value).strip()
    if need in ("id", "entity") and moment_of(folded) is None and _is_id(folded):
        yield from _of_id(folded, evidence)
    elif need != "free":
        hard = (claim for claim in claims_in(value) if claim.kind in IN_ANY_LANGUAGE)
        yield from ((claim.text, evidence.claim(claim, factors=(), edge=False)) for claim in hard)


def _is_id(folded: str) -> bool:
    return " " not in folded and any(char.isdecimal() or char == "@" for char in folded)


def _number(value: float, leaf: Leaf, evidence: Evidence) -> Place | None:
    factors = factors_of(leaf.key)
    found = evidence.number(value, factors) or (
        evidence.epoch(value, edge=True) if value >= EPOCH_KEYS_FROM else None
    )
    if found:
        return found
    # Two and a half hours are 150 minutes, and the time from 9 to 11 are 120.
    for unit in minutes_of(leaf.key):
        if found := evidence.minutes(value * unit):
            return found
    return place_of_total(value, factors, evidence)


def _of_string(
    value: str, leaf: Leaf, call: ToolCall, evidence: Evidence
) -> Iterator[tuple[str, Place | None]]:
    need = need_of(leaf.key, leaf.above, call.name)
    folded = fold(value).strip()
    if not folded or folded in WELL_KNOWN:
        return
    moment = moment_of(folded)
    if moment is not None and need != "free":
        yield from _of_moment(value, moment, leaf, evidence)
        return
    match need:
        case "free":
            return
        case "currency":
            yield value, place_of_currency(folded, evidence)
        case "id":
            yield from _of_id(folded, evidence)
        case "entity" if not EMAIL.search(folded) and not URL.search(folded) and not digits_of(folded):
            yield value, evidence.every_word(value)
        case "entity":
            yield from _of_id(folded, evidence)
        case "name":
            yield value, evidence.every_word(value)
        case "label":
            yield value, evidence.some_word(value)
            yield from _of_text(value, leaf, evidence)
        case _:
            yield from _of_text(value, leaf, evidence)


def _of_moment(
    value: str, moment: Moment, leaf: Leaf, evidence: Evidence
) -> Iterator[tuple[str, Place | None]]:
    if moment.day is not None:
        day = moment.day
        # A limit lies between two days, what happens at a time of day is no limit.
        edge = is_edge(leaf.key) and moment.minutes in (None, 0, 1439)
        place = evidence.day((day.year, day.month, day.day), edge=edge)
        if place is None and moment.zoned:
            place = _neighbour(moment, evidence)
        yield value, place
        if place is None:
            return
    if moment.minutes is not None:
        yield value, evidence.time(moment)


def _neighbour(moment: Moment, evidence: Evidence) -> Place | None:
    """The day before or after, which is the same moment in another zone: late in the evening, early at
    night."""
    assert moment.day is not None and moment.minutes is not None
    shift = -1 if moment.minutes < 720 else 1
    try:
        day = moment.day + timedelta(days=shift)
    except OverflowError:
        return None
    return evidence.day((day.year, day.month, day.day))


def _of_id(folded: str, evidence: Evidence) -> Iterator[tuple[str, Place | None]]:
    """An id as a whole, an address of any kind, or a list of ids in one string."""
    place = _one_id(folded, evidence)
    parts = [part for part in _split(folded) if part] if place is None else []
    if len(parts) > 1:
        yield from ((part, None if part in WELL_KNOWN else _one_id(part, evidence)) for part in parts[:50])
    else:
        yield folded, place


def _one_id(folded: str, evidence: Evidence) -> Place | None:
    if found := evidence.whole(folded):
        return found
    if URL.fullmatch(folded) or "://" in folded:
        return evidence.url(folded)
    if EMAIL.fullmatch(folded):
        return evidence.email(folded)
    digits = digits_of(folded)
    if len(digits) >= 7 and all(char.isdecimal() or char in "+() .-/" for char in folded):
        return evidence.phone(digits)
    if folded.startswith("#"):
        return evidence.whole(folded.lstrip("#"))
    if any(char.isdecimal() for char in folded):
        return evidence.whole(folded.replace(" ", "")) or evidence.whole(folded.replace("-", " "))
    return evidence.every_word(folded)


def _split(text: str) -> list[str]:
    for mark in _SEPARATORS[1:]:
        text = text.replace(mark, ",")
    return text.split(",")


def _of_text(value: str, leaf: Leaf, evidence: Evidence) -> Iterator[tuple[str, Place | None]]:
    """What stands within a text that the assistant composed."""
    folded = fold(value)
    if snake(leaf.key) in ("time_spent", "duration", "estimate", "new_estimate", "length") and spans_in(
        folded
    ):
        longest = max(span.minutes for span in spans_in(folded))
        yield value, evidence.minutes(longest) or evidence.every_word(value)
        return
    for claim in claims_in(value):
        yield claim.text, evidence.claim(claim, factors=_ANY_UNIT, edge=is_edge(leaf.key))
