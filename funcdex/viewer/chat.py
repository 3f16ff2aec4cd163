"""A conversation as its page shows it: turns, words with marks, cards of tool calls, faults where they
are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from funcdex.dataset.earlier import Earlier
from funcdex.dml.parser import parse
from funcdex.errors import MarkupError
from funcdex.types.conversation import AssistantMessage, Conversation, Turn
from funcdex.types.error_response import is_error
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.verify.arguments import invalid_arguments
from funcdex.verify.exchanges import Exchange
from funcdex.verify.responses import invalid_responses
from funcdex.verify.tools import unknown_tools
from funcdex.viewer.jsontree import JsonLine, json_lines, one_line_of
from funcdex.viewer.provenance import Provenance, Span

OF_CALLS = frozenset({"unknown_tool", "invalid_arguments", "invalid_response", "unusable_schema"})
MOST_TURNS = 400
_OPEN_UP_TO_LINES = 14


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; `anchor` is set where arguments come from it."""

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A call beside its response. `checked`: its tool is known, so that `faults` says all that is wrong."""

    number: int
    name: str
    toolkit: str
    description: str
    preview: str
    arguments: Sequence[JsonLine]
    response: Sequence[JsonLine]
    faults: Sequence[str]
    checked: bool
    failed: bool
    opened: bool


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the assistant, then its steps, each of cards at once."""

    thought: str
    pieces: Sequence[Piece]
    steps: Sequence[Sequence[Card]]


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One turn. `verdict` is what the judges said of it, {} if nothing; `before` what corrections replaced
    here."""

    number: int
    user: Sequence[Piece]
    messages: Sequence[Said]
    faults: Sequence[Fault]
    verdict: Mapping[str, Any]
    before: Sequence[Before] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What a correction replaced: `turns`, or `text` where it cannot be read as such. `faults` are why."""

    number: int
    how: str
    faults: Sequence[tuple[str, str]]
    turns: Sequence[ShownTurn]
    text: str


@dataclass(frozen=True, slots=True)
class Chat:
    """All of it. `faults` and `before` are those of the whole, `system` is the prompt in pieces, `more` turns
    are left out."""

    system: Sequence[Piece]
    turns: Sequence[ShownTurn]
    faults: Sequence[Fault]
    before: Sequence[Before]
    more: int


@dataclass(frozen=True, slots=True)
class _Known:
    tools: Mapping[str, Tool]
    checked: bool
    errors_fit: bool
    provenance: Provenance


def chat_of(
    conversation: Conversation,
    *,
    system: str,
    tools: Sequence[Tool] | None,
    errors_fit: bool,
    faults: Sequence[Fault],
    provenance: Provenance,
    verdicts: Mapping[int, Mapping[str, Any]],
    earlier: Sequence[Earlier] = (),
) -> Chat:
    """The page's view of a conversation. `verdicts` are by turn, from 1; `earlier` is what it was before its
    corrections."""
    known = _Known({tool.name: tool for tool in tools or ()}, tools is not None, errors_fit, provenance)
    by_turn: dict[int | None, list[Fault]] = {}
    for fault in faults:
        by_turn.setdefault(fault.turn, []).append(fault)
    shown = conversation.turns[:MOST_TURNS]
    before: dict[int | None, list[Before]] = {}
    for one in earlier:
        if one.replaced and one.text is not None:
            place = None if one.turn is None else min(one.turn, len(shown))
            before.setdefault(place, []).append(_before(one, known))
    turns = [
        _turn(
            index, turn, known, by_turn.get(index, ()), verdicts.get(index + 1, {}), before.get(index + 1, ())
        )
        for index, turn in enumerate(shown)
    ]
    return Chat(
        system=pieces(system, provenance.spans.get(("system", -1), ())),
        turns=turns,
        faults=by_turn.get(None, ()),
        before=before.get(None, ()),
        more=max(0, len(conversation.turns) - MOST_TURNS),
    )


def pieces(text: str, spans: Sequence[Span]) -> list[Piece]:
    """The text cut at the spans, which are in order and apart."""
    cut, at = [], 0
    for span in spans:
        start, end = min(max(span.start, at), len(text)), min(span.end, len(text))
        if start > at:
            cut.append(Piece(text[at:start]))
        cut.append(Piece(text[start : max(start, end)], span.anchor))
        at = max(start, end)
    return [*cut, Piece(text[at:])] if at < len(text) or not cut else cut


def _before(earlier: Earlier, known: _Known) -> Before:
    """With the marks of schemas, and without links: places of another text mean nothing here."""
    unlinked = replace(known, provenance=Provenance())
    first = (earlier.turn or 1) - 1
    try:
        turns = parse(earlier.replaced).turns[:MOST_TURNS]
    except MarkupError:
        turns = ()
    shown = [_turn(first + index, turn, unlinked, (), {}) for index, turn in enumerate(turns)]
    text = "" if shown else earlier.replaced
    return Before(earlier.number, earlier.how, earlier.faults, shown, text)


def _turn(
    index: int,
    turn: Turn,
    known: _Known,
    faults: Sequence[Fault],
    verdict: Mapping[str, Any],
    before: Sequence[Before] = (),
) -> ShownTurn:
    user = pieces(turn.user, known.provenance.spans.get(("user", index), ()))
    messages = tuple(_messages(index, turn, known))
    return ShownTurn(index + 1, user, messages, faults, verdict, before)


def _messages(index: int, turn: Turn, known: _Known) -> Iterator[Said]:
    """Spans of the assistant count in all words of the turn, joined by line breaks."""
    spans = known.provenance.spans.get(("assistant", index), ())
    at, number = 0, 0
    for message in turn.messages:
        length = len(message.text)
        own = [
            Span(span.start - at, span.end - at, span.anchor)
            for span in spans
            if at <= span.start < at + length and message.text
        ]
        at += length + 1 if message.text else 0
        steps = list(_steps(index, number, message, known))
        number += sum(map(len, steps))
        yield Said(message.thought or "", pieces(message.text, own), steps)


def _steps(index: int, before: int, message: AssistantMessage, known: _Known) -> Iterator[list[Card]]:
    number = before
    for step in message.steps:
        cards = []
        for call, response in zip(step.calls, step.responses, strict=True):
            number += 1
            cards.append(_card(Exchange(index, number, call, response), known))
        yield cards


def _card(exchange: Exchange, known: _Known) -> Card:
    call, turn, number = exchange.call, exchange.turn, exchange.number
    found = [] if not known.checked else _faults(exchange, known)
    origins, values = known.provenance.origins, known.provenance.values
    arguments = json_lines(
        dict(call.arguments), origins.get((turn, number)), values.get(("call", turn, number))
    )
    response = json_lines(exchange.response, None, values.get(("response", turn, number)))
    tool = known.tools.get(call.name)
    doubtful = any(line.origin is not None and not line.origin.known for line in arguments)
    short = len(arguments) <= _OPEN_UP_TO_LINES and len(response) <= 2 * _OPEN_UP_TO_LINES
    return Card(
        number=number,
        name=call.name,
        toolkit=tool.toolkit if tool else "",
        description=tool.description if tool else "",
        preview=one_line_of(dict(call.arguments)),
        arguments=arguments,
        response=response,
        faults=found,
        checked=known.checked,
        failed=is_error(exchange.response),
        opened=bool(found) or doubtful or short,
    )


def _faults(exchange: Exchange, known: _Known) -> list[str]:
    found = (
        *unknown_tools(exchange, known.tools),
        *invalid_arguments(exchange, known.tools),
        *invalid_responses(exchange, known.tools, errors=known.errors_fit),
    )
    return [fault.detail for fault in found]
