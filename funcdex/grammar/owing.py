"""The rules of a conversation that owes something: one for each place, set of open obligations and user turn.

A call of an open tool, or an error where one is owed, leads to the state that owes it no more; the state that
owes nothing goes on with the ordinary rules (`turns.py`). So what is read decides where one is: nothing has
to be guessed ahead, and an engine follows one state at a time. A state that owes something has no end.

A rule is called after its user turn, what is owed and the place: `t2-ac-err-said` is the second turn, the
first and the third tool of `must_call` (by name) and an error are owed, and the assistant has said something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Literal as OneOf

from funcdex.grammar.ir import Node, Reference, Text, choice, sequence
from funcdex.grammar.obligations import Owed
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.steps import (
    CALL_ALSO,
    CALLED,
    LAST_CALLED,
    RESPOND,
    any_response,
    responses,
    single_step,
)
from funcdex.grammar.tool_parts import ToolParts
from funcdex.grammar.turns import CALL, CALL_AT_ONCE, USER, Turns

Place = OneOf["speaks", "said", "calls", "second", "after"]
"""`speaks`: before the words of an assistant message, which may be none. `said`: behind the `<` after them.
`calls`: behind a `<tool>`. `second`, `third`: behind `<tool` of such a call of a step. `after`: behind the
`<` after the last response."""


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
    return _States(owed, parts, turns, parallel_calls, book).begin(turn)


class _States:
    """Adds the rules of all states that can be reached."""

    def __init__(
        self, owed: Owed, parts: Sequence[ToolParts], turns: Turns, parallel_calls: bool, book: RuleBook
    ) -> None:
        self._owed = owed
        self._parts = parts
        self._turns = turns
        self._parallel_calls = parallel_calls
        self._book = book
        self._letters = dict(zip(owed.tools, ascii_lowercase, strict=False))
        self._known: dict[_State, Reference] = {}
        self._known_more: dict[tuple[Owed, Owed], Reference] = {}
        self._unwritten: list[_State] = []

    def begin(self, turn: int) -> Reference:
        # Not recursive: there may be as many states in a row as there are user turns.
        first = self._at("speaks", self._owed, turn)
        while self._unwritten:
            state = self._unwritten.pop(0)
            self._book.define(self._known[state].rule, choice(*self._options(state)))
        return first

    def _at(self, place: Place, owed: Owed, turn: int) -> Reference:
        if place == "after" and not owed:
            return self._book.add(f"t{turn}-rest", sequence(self._turns.rest, self._turns.end(turn)))
        state = _State(place, owed, turn)
        if state not in self._known:
            self._known[state] = Reference(self._book.reserve(f"t{turn}-{self._owes(owed)}-{place}"))
            self._unwritten.append(state)
        return self._known[state]

    def _owes(self, owed: Owed) -> str:
        letters = "".join(self._letters[tool] for tool in owed.tools)
        words = (letters, "any" if owed.call else "", "err" if owed.error else "")
        return "-".join(filter(None, words)) or "free"

    def _options(self, state: _State) -> Iterator[Node]:
        match state.place:
            case "speaks":
                yield sequence(Text("line"), self._at("said", state.owed, state.turn))
                yield sequence(CALL_AT_ONCE, self._at("calls", state.owed, state.turn))
            case "said":
                yield sequence(CALL, self._at("calls", state.owed, state.turn))
                if state.turn < self._turns.most:
                    answered = self._at("speaks", state.owed, state.turn + 1)
                    yield sequence(USER, Text("line"), self._turns.speaker, answered)
            case "after":
                yield sequence(CALL, self._at("calls", state.owed, state.turn))
                yield sequence(self._turns.speaker, self._later_message(state))
            case "calls":
                yield from self._single_steps(state)
                if self._parallel_calls:
                    for call, left in self._calls(state.owed):
                        yield sequence(call, CALLED, self._at("second", left, state.turn))
            case "second":
                for left in self._outcomes_of_more_calls(state.owed):
                    yield sequence(self._more_calls(state.owed, left), self._at("after", left, state.turn))

    def _later_message(self, state: _State) -> Node:
        if self._turns.silent_later:
            return self._at("speaks", state.owed, state.turn)
        return sequence(Text("line"), self._at("said", state.owed, state.turn))

    def _single_steps(self, state: _State) -> Iterator[Node]:
        for parts, left in self._outcomes(state.owed):
            after = self._at("after", left, state.turn)
            if not left.error:
                yield sequence(self._steps(parts, "step", [part.response for part in parts]), after)
                continue
            failed = self._at("after", left.after_error(), state.turn)
            yield sequence(self._steps(parts, "fine-step", [part.fine for part in parts]), after)
            yield sequence(self._steps(parts, "error-step", [part.error for part in parts]), failed)

    def _steps(self, parts: Sequence[ToolParts], kind: str, answers: Sequence[Node | None]) -> Reference:
        """A step with one of these tools, each with the response that stands beside it."""
        each = [
            self._book.add(f"{part.name}-{kind}", single_step(part, answer))
            for part, answer in zip(parts, answers, strict=True)
            if answer is not None
        ]
        return each[0] if len(each) == 1 else self._book.add(f"some-{kind}", choice(*each))

    def _calls(self, owed: Owed) -> Iterator[tuple[Reference, Owed]]:
        """Calls, and what is owed after them."""
        for parts, left in self._outcomes(owed):
            each = [self._book.add(f"{part.name}-call", part.call) for part in parts]
            yield each[0] if len(each) == 1 else self._book.add("some-call", choice(*each)), left

    def _outcomes(self, owed: Owed) -> Iterator[tuple[list[ToolParts], Owed]]:
        """The tools whose call makes the same difference, and what is owed after it."""
        grouped: dict[Owed, list[ToolParts]] = {}
        for part in self._parts:
            grouped.setdefault(owed.after_call(part.name), []).append(part)
        for left, parts in grouped.items():
            yield parts, left

    def _more_calls(self, owed: Owed, left: Owed) -> Reference:
        """The rest of a step behind `<tool` of its second call, if it leads from one set to the other. The
        turn is not in its name: there would be as many times more of these rules, and here is little to
        guess."""
        if (owed, left) not in self._known_more:
            options = list(self._more_calls_options(owed, left))
            name = f"{self._owes(owed)}-to-{self._owes(left)}"
            self._known_more[owed, left] = self._book.add(name, choice(*options))
        return self._known_more[owed, left]

    def _more_calls_options(self, owed: Owed, left: Owed) -> Iterator[Node]:
        for call, then in self._calls(owed):
            two, third = self._answers(2, then, left), self._third_call(then, left)
            rest = [*(sequence(RESPOND, answer) for answer in two), *third]
            if rest:
                yield sequence(CALL_ALSO, call, CALLED, choice(*rest))

    def _third_call(self, owed: Owed, left: Owed) -> list[Node]:
        """The same behind `<tool` of the third call, as a list of one; empty if it cannot lead there."""
        options = [
            sequence(CALL_ALSO, call, LAST_CALLED, answers)
            for call, then in self._calls(owed)
            for answers in self._answers(3, then, left)
        ]
        name = f"{self._owes(owed)}-third-to-{self._owes(left)}"
        return [self._book.add(name, choice(*options))] if options else []

    def _outcomes_of_more_calls(self, owed: Owed) -> Iterator[Owed]:
        """What may be owed after a second call, perhaps a third, and all responses."""
        one = [left for _, left in self._outcomes(owed)]
        two = [left for each in one for _, left in self._outcomes(each)]
        called = dict.fromkeys((*one, *two))
        yield from dict.fromkeys((*called, *(left.after_error() for left in called)))

    def _answers(self, count: int, owed: Owed, left: Owed) -> list[Node]:
        """So many responses of a step of several calls, as a list of one; empty if they cannot lead there."""
        answer = any_response(self._parts, self._book)
        if not owed.error:
            return [responses(*[answer] * count)] if left == owed else []
        fine = self._book.add("any-fine", choice(*(part.fine for part in self._parts)))
        if left == owed:
            return [responses(*[fine] * count)]
        if left != owed.after_error():
            return []
        error = self._book.add("any-error", choice(*(part.error for part in self._parts if part.error)))
        failing = [responses(*[fine] * n, error, *[answer] * (count - n - 1)) for n in range(count)]
        return [self._book.add(f"{count}-with-error", choice(*failing))]
