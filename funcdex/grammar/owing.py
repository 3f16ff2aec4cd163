"""The rules of a conversation that owes something: one for each place, set of open obligations and user turn.

A call of an open tool, or an error where one is owed, leads to the state that owes it no more; the state that
owes nothing goes on with the ordinary rules (`turns.py`). So what has been read decides where one is, and an
engine never has to guess in which turn something will be done. A state that owes something has no end.

A rule is called after its user turn, what is owed and the place: `t2-ac-err-said` is the second turn, the
first and the third tool of `must_call` (by name) and an error are owed, and the assistant has said something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from funcdex.grammar.ir import Node, Reference, Text, choice, sequence
from funcdex.grammar.obligations import Owed
from funcdex.grammar.owing_steps import OwingSteps
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.tool_parts import ToolParts
from funcdex.grammar.turns import CALL, CALL_AT_ONCE, USER, Turns

Place = OneOf["speaks", "said", "calls", "second", "after"]
"""`speaks`: before the words of an assistant message, which may be none. `said`: behind the `<` after them.
`calls`: behind a `<tool>`. `second`: behind `<tool` of the second call of a step. `after`: behind the `<`
after the last response."""


@dataclass(frozen=True, slots=True)
class _State:
    place: Place
    owed: Owed
    turn: int


def owing(
    owed: Owed, turn: int, *, parts: Sequence[ToolParts], turns: Turns, parallel_calls: bool, book: RuleBook
) -> Node:
    """What follows the first speaker of a turn, counted from 1, up to the end of the conversation."""
    if not owed:
        return sequence(turns.calling, turns.end(turn))
    steps = OwingSteps(owed, parts, book)
    return _States(turns, steps, parallel_calls, book).begin(_State("speaks", owed, turn))


class _States:
    """Adds the rules of all states that can be reached."""

    def __init__(self, turns: Turns, steps: OwingSteps, parallel_calls: bool, book: RuleBook) -> None:
        self._turns = turns
        self._steps = steps
        self._parallel_calls = parallel_calls
        self._book = book
        self._known: dict[_State, Reference] = {}
        self._unwritten: list[_State] = []

    def begin(self, state: _State) -> Reference:
        first = self._at(state)
        # Not recursive: there may be as many states in a row as there are user turns.
        while self._unwritten:
            each = self._unwritten.pop(0)
            self._book.define(self._known[each].rule, choice(*self._options(each)))
        return first

    def _at(self, state: _State) -> Reference:
        if state not in self._known:
            name = f"t{state.turn}-{self._steps.name_of(state.owed)}-{state.place}"
            self._known[state] = Reference(self._book.reserve(name))
            self._unwritten.append(state)
        return self._known[state]

    def _options(self, state: _State) -> Iterator[Node]:
        match state.place:
            case "speaks":
                yield sequence(Text("line"), self._at(replace(state, place="said")))
                yield sequence(CALL_AT_ONCE, self._at(replace(state, place="calls")))
            case "said":
                yield sequence(CALL, self._at(replace(state, place="calls")))
                if state.turn < self._turns.most:
                    answered = self._at(replace(state, place="speaks", turn=state.turn + 1))
                    yield sequence(USER, Text("line"), self._turns.speaker, answered)
            case "calls":
                yield from self._steps_from(state)
            case "second":
                for rest, left in self._steps.more_calls(state.owed):
                    yield sequence(rest, self._at(_State("after", left, state.turn)))
            case "after" if not state.owed:
                yield sequence(self._turns.rest, self._turns.end(state.turn))
            case "after":
                yield sequence(CALL, self._at(replace(state, place="calls")))
                yield sequence(self._turns.speaker, self._later_message(state))

    def _steps_from(self, state: _State) -> Iterator[Node]:
        for step, left in self._steps.single(state.owed):
            yield sequence(step, self._at(_State("after", left, state.turn)))
        if self._parallel_calls:
            for call, left in self._steps.first_call(state.owed):
                yield sequence(call, self._at(_State("second", left, state.turn)))

    def _later_message(self, state: _State) -> Node:
        if self._turns.silent_later:
            return self._at(replace(state, place="speaks"))
        return sequence(Text("line"), self._at(replace(state, place="said")))
