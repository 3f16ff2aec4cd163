"""The plan of one conversation as data: what the user says when, which calls are made, with what from where.

It is written by a model as JSON, under a grammar of the candidates' names (`blueprint_schema.py`), checked
by program (`blueprint_checks.py`) and told to the writer as text (`as_text`). In the journal and in the
outputs it stays the JSON that was written:

    {"facts": ["The invoice is I-7."],
     "turns": [{"user": "wants the invoice sent to Ada",
                "calls": [{"tool": "FIND", "arguments": {"no": {"value": "I-7", "turn": 1}}, "result": "ok"},
                          {"tool": "SEND", "arguments": {"id": {"from": 1, "field": "id"}}, "result": "ok"}],
                "assistant": "says that it is sent"}],
     "ending": "The invoice is with Ada."}

Calls are numbered from 1 through the whole conversation. `turn` is the user message that says a value, from
1; 0: nobody says it, the assistant chooses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from funcdex.types.conversation import JsonValue

Result = Literal["ok", "error", "empty"]
RESULTS: tuple[Result, ...] = get_args(Result)
MOST_CALLS = 20
MOST_FACTS = 12
_LONGEST_VALUE = 300
_TOLD: Mapping[Result, str] = {"ok": "works", "error": "fails", "empty": "works and finds nothing"}


@dataclass(frozen=True, slots=True)
class Said:
    """An argument's value that the user says in message `turn`, or, if that is 0, that nobody says."""

    value: JsonValue
    turn: int


@dataclass(frozen=True, slots=True)
class Returned:
    """An argument's value that stands at `field` (`items[0].id`) in the response to call `call`."""

    call: int
    field: str


Source = Said | Returned


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One call. `turn` and `number` count from 1, `group` the steps: calls made at once share one."""

    number: int
    turn: int
    group: int
    tool: str
    arguments: Mapping[str, Source]
    result: Result

    def same_as(self, other: PlannedCall) -> bool:
        """Whether it is the same call once more."""
        return self.tool == other.tool and self.arguments == other.arguments


@dataclass(frozen=True, slots=True)
class PlannedTurn:
    """A user message and what follows it. `asks` is what the assistant asks, "" if it does not."""

    user: str
    calls: tuple[PlannedCall, ...]
    asks: str
    assistant: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A whole plan."""

    facts: tuple[str, ...]
    turns: tuple[PlannedTurn, ...]
    ending: str

    @property
    def calls(self) -> tuple[PlannedCall, ...]:
        """Every call, in order."""
        return tuple(call for turn in self.turns for call in turn.calls)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that are called, each once."""
        return tuple(dict.fromkeys(call.tool for call in self.calls))

    def before(self, call: PlannedCall) -> tuple[PlannedCall, ...]:
        """The calls whose responses are there when this one is made."""
        return tuple(other for other in self.calls if other.group < call.group)

    def repeated_by(self, call: PlannedCall) -> PlannedCall | None:
        """The call that failed before and is made again, unchanged, by this one."""
        failed = (other for other in self.before(call) if other.result != "ok" and call.same_as(other))
        return next(failed, None)


def read_blueprint(data: JsonValue) -> Blueprint:
    """The plan that JSON holds. Raises ValueError, which says in a sentence what has not the right form."""
    plan = _object(data, "the plan")
    turns, calls = list[PlannedTurn](), list[PlannedCall]()
    for number, raw in enumerate(_list(plan, "turns"), 1):
        turn = _object(raw, f"turn {number}")
        begun = len(calls)
        for raw_call in _list(turn, "calls"):
            calls.append(_call(raw_call, number, calls, first=len(calls) == begun))
        turns.append(
            PlannedTurn(
                _text(turn, "user"),
                tuple(calls[begun:]),
                _text(turn, "asks") if "asks" in turn else "",
                _text(turn, "assistant"),
            )
        )
    facts = tuple(one for one in _list(plan, "facts") if isinstance(one, str))
    return Blueprint(facts, tuple(turns), _text(plan, "ending"))


def as_text(blueprint: Blueprint, failure: str = "fails") -> str:
    """The plan as people, and models, read it. `failure` says how a call fails: `fails with 404`.

    Lines that begin with `call`, and those below them, have a fixed form: the simulated endpoint reads them.
    """
    return "\n".join(_lines(blueprint, failure))


def _lines(blueprint: Blueprint, failure: str) -> Iterator[str]:
    yield "The user knows:"
    yield from (f"- {_line(fact)}" for fact in blueprint.facts)
    for number, turn in enumerate(blueprint.turns, 1):
        yield f"Message {number}. The user: {_line(turn.user)}"
        if turn.asks:
            yield f"  The assistant asks: {_line(turn.asks)}"
        for call in turn.calls:
            yield from _call_lines(blueprint, call, failure)
        yield f"  The assistant then: {_line(turn.assistant)}"
    yield f"How it ends: {_line(blueprint.ending)}"


def _call_lines(blueprint: Blueprint, call: PlannedCall, failure: str) -> Iterator[str]:
    at_once = any(other.group == call.group and other.number < call.number for other in blueprint.calls)
    together = ", at the same time" if at_once else ""
    result = failure if call.result == "error" else _TOLD[call.result]
    repeated = blueprint.repeated_by(call)
    again = f", the same arguments as call {repeated.number}" if repeated else ""
    yield f"  call {call.number}{together}: {call.tool}, {result}{again}"
    if repeated:
        return
    for name, source in call.arguments.items():
        yield f"    {name}: {_source(source)}"


def _source(source: Source) -> str:
    if isinstance(source, Returned):
        return f"from the response to call {source.call}: {source.field}"
    value = json.dumps(source.value, ensure_ascii=False)
    shown = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
    return f"{shown}, said in message {source.turn}" if source.turn else f"{shown}, the assistant's choice"


def _line(text: str) -> str:
    return " ".join(text.split())


def _call(raw: JsonValue, turn: int, earlier: Sequence[PlannedCall], *, first: bool) -> PlannedCall:
    number = len(earlier) + 1
    where = f"call {number}"
    call = _object(raw, where)
    arguments = _object(call.get("arguments"), f"`arguments` of {where}")
    result = call.get("result")
    if result not in RESULTS:
        raise ValueError(f"`result` of {where} is none of {', '.join(RESULTS)}")
    group = earlier[-1].group if earlier else 0
    if first or call.get("parallel") is not True:
        group += 1
    sources = {name: _read_source(one, f"{name!r} of {where}") for name, one in arguments.items()}
    return PlannedCall(number, turn, group, _text(call, "tool"), sources, result)


def _read_source(raw: JsonValue, where: str) -> Source:
    source = _object(raw, where)
    if type(call := source.get("from")) is int and isinstance(field := source.get("field"), str):
        return Returned(call, field)
    if "value" in source and type(turn := source.get("turn")) is int:
        return Said(source["value"], turn)
    raise ValueError(f"{where} has neither `value` and `turn` nor `from` and `field`")


def _object(value: JsonValue, where: str) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")
    return value


def _list(owner: Mapping[str, JsonValue], key: str) -> Sequence[JsonValue]:
    value = owner.get(key)
    if not isinstance(value, list):
        raise ValueError(f"`{key}` is not a list")
    return value


def _text(owner: Mapping[str, JsonValue], key: str) -> str:
    value = owner.get(key)
    if not isinstance(value, str):
        raise ValueError(f"`{key}` is not a text")
    return value
