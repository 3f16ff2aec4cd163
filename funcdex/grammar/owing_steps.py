"""The steps of a conversation that owes something, and what is owed after each. Turns play no part here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase

from funcdex.grammar.ir import Node, Reference, choice, sequence
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


class OwingSteps:
    """Adds the rules of steps to a book. In their names stands what is owed, as in `name_of`."""

    def __init__(self, owed: Owed, parts: Sequence[ToolParts], book: RuleBook) -> None:
        self._parts = parts
        self._book = book
        self._letters = dict(zip(owed.tools, ascii_lowercase, strict=False))
        self._more: dict[tuple[Owed, Owed], Reference] = {}

    def name_of(self, owed: Owed) -> str:
        """`ac-err`: the first and the third tool that had to be called at the beginning, and an error."""
        letters = "".join(self._letters[tool] for tool in owed.tools)
        words = (letters, "any" if owed.call else "", "err" if owed.error else "")
        return "-".join(filter(None, words)) or "free"

    def single(self, owed: Owed) -> Iterator[tuple[Reference, Owed]]:
        """One call and its response, from behind `<tool>` to behind the `<` after it."""
        for parts, left in self._outcomes(owed):
            if not left.error:
                yield self._step(parts, "step", [part.response for part in parts]), left
            else:
                yield self._step(parts, "fine-step", [part.fine for part in parts]), left
                yield self._step(parts, "error-step", [part.error for part in parts]), left.after_error()

    def first_call(self, owed: Owed) -> Iterator[tuple[Node, Owed]]:
        """The first call of several, from behind `<tool>` to behind the next `<tool`."""
        for call, left in self._calls(owed):
            yield sequence(call, CALLED), left

    def more_calls(self, owed: Owed) -> Iterator[tuple[Reference, Owed]]:
        """What follows such a first call: one or two calls, and all responses.

        A rule leads from one set to one other, and where it begins an engine has to follow all that lead
        away from there. It is worth it: rules that decide call by call need the user turn in them, and there
        would be four times as many.
        """
        for left in self._reached_by_more_calls(owed):
            if (owed, left) not in self._more:
                name = f"{self.name_of(owed)}-to-{self.name_of(left)}"
                self._more[owed, left] = self._book.add(name, choice(*self._second_call(owed, left)))
            yield self._more[owed, left], left

    def _step(self, parts: Sequence[ToolParts], kind: str, answers: Sequence[Node | None]) -> Reference:
        """A step with one of these tools, each with the response that stands beside it."""
        each = [
            self._book.add(f"{part.name}-{kind}", single_step(part, answer))
            for part, answer in zip(parts, answers, strict=True)
            if answer is not None
        ]
        return each[0] if len(each) == 1 else self._book.add(f"some-{kind}", choice(*each))

    def _calls(self, owed: Owed) -> Iterator[tuple[Reference, Owed]]:
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

    def _reached_by_more_calls(self, owed: Owed) -> list[Owed]:
        one = [left for _, left in self._outcomes(owed)]
        two = [left for each in one for _, left in self._outcomes(each)]
        called = [*one, *two]
        return list(dict.fromkeys((*called, *(left.after_error() for left in called))))

    def _second_call(self, owed: Owed, left: Owed) -> Iterator[Node]:
        for call, then in self._calls(owed):
            rest = [sequence(RESPOND, answers) for answers in self._answers(2, then, left)]
            rest.extend(self._third_call(then, left))
            if rest:
                yield sequence(CALL_ALSO, call, CALLED, choice(*rest))

    def _third_call(self, owed: Owed, left: Owed) -> Iterator[Reference]:
        """A rule, or none if no third call leads there."""
        options = [
            sequence(CALL_ALSO, call, LAST_CALLED, answers)
            for call, then in self._calls(owed)
            for answers in self._answers(3, then, left)
        ]
        if options:
            name = f"{self.name_of(owed)}-third-to-{self.name_of(left)}"
            yield self._book.add(name, choice(*options))

    def _answers(self, count: int, owed: Owed, left: Owed) -> Iterator[Node]:
        """So many responses of a step of several calls; none if they do not lead there."""
        answer = any_response(self._parts, self._book)
        if not owed.error:
            if left == owed:
                yield responses(*[answer] * count)
            return
        fine = self._book.add("any-fine", choice(*(part.fine for part in self._parts)))
        if left == owed:
            yield responses(*[fine] * count)
        elif left == owed.after_error():
            error = self._book.add("any-error", choice(*(part.error for part in self._parts if part.error)))
            failing = (responses(*[fine] * n, error, *[answer] * (count - n - 1)) for n in range(count))
            yield self._book.add(f"{count}-with-error", choice(*failing))
