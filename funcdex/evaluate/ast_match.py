"""Whether the calls of an answer are those expected, by BFCL's rules: AST match.

The right number of calls, each the same as one expected (`arguments.compare` finds no flaw), in any order.
BFCL takes the first fit for each expected call; here all pairings are tried, so order never matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funcdex.evaluate.answers import Called
from funcdex.evaluate.arguments import Compared, Flaw, compare
from funcdex.evaluate.values import shown
from funcdex.export.sample import Call
from funcdex.types.conversation import JsonValue

Schemas = Mapping[str, JsonValue]
"""The parameters' schema of each tool that is shown, by name."""
_Pairs = dict[int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """No flaws: the answer is right. Arguments are counted over all calls (`arguments.Compared`); those of
    calls without a partner are wrong."""

    flaws: tuple[Flaw, ...]
    right_arguments: int
    arguments_that_came: int
    arguments_expected: int

    @property
    def right(self) -> bool:
        """Whether these are the calls expected."""
        return not self.flaws


def match(expected: Sequence[Call], came: Sequence[Called], schemas: Schemas) -> Match:
    """`expected` has at least one call."""
    compared = {
        (row, column): compare(want.name, want.values, call.values, schemas.get(want.name))
        for row, want in enumerate(expected)
        for column, call in enumerate(came)
        if want.name == call.name and call.values is not None
    }
    pairs = _pairs(len(expected), len(came), compared)
    flaws: list[Flaw] = []
    if not came:
        flaws += (Flaw("no_call", want.name, detail="nothing is called") for want in expected)
    else:
        flaws += _of_the_count(len(expected), len(came))
        flaws += (
            flaw for row, want in enumerate(expected) for flaw in _of_call(want, row, pairs, compared, came)
        )
        flaws += _of_the_rest(came, set(pairs.values()), schemas, len(expected))
    of_pairs = [compared[pair] for pair in pairs.items() if pair in compared]
    alone = [call for column, call in enumerate(came) if column not in pairs.values()]
    without = [want for row, want in enumerate(expected) if row not in pairs]
    return Match(
        flaws=tuple(flaws),
        right_arguments=sum(one.right for one in of_pairs),
        arguments_that_came=sum(one.came for one in of_pairs) + sum(len(one.values or ()) for one in alone),
        arguments_expected=sum(one.expected for one in of_pairs) + sum(len(one.values) for one in without),
    )


def _pairs(rows: int, columns: int, compared: Mapping[tuple[int, int], Compared]) -> _Pairs:
    """As many pairs as possible of calls that are the same; what is left is paired with the likeliest of the
    same name."""
    by_column: _Pairs = {}
    same = {
        row: [
            column
            for column in range(columns)
            if (row, column) in compared and not compared[row, column].flaws
        ]
        for row in range(rows)
    }
    for row in range(rows):
        _find_place(row, same, by_column, set())
    pairs = {row: column for column, row in by_column.items()}
    likest = sorted(compared, key=lambda pair: (-compared[pair].right, len(compared[pair].flaws), pair))
    for row, column in likest:
        if row not in pairs and column not in pairs.values():
            pairs[row] = column
    return pairs


def _find_place(row: int, same: Mapping[int, Sequence[int]], taken: _Pairs, tried: set[int]) -> bool:
    """Whether a row gets a column, if need be by sending another row elsewhere."""
    for column in same[row]:
        if column in tried:
            continue
        tried.add(column)
        if column not in taken or _find_place(taken[column], same, taken, tried):
            taken[column] = row
            return True
    return False


def _of_the_count(expected: int, came: int) -> list[Flaw]:
    return [] if expected == came else [Flaw("wrong_count", detail=f"{came} calls, expected {expected}")]


def _of_call(
    want: Call,
    row: int,
    pairs: _Pairs,
    compared: Mapping[tuple[int, int], Compared],
    came: Sequence[Called],
) -> tuple[Flaw, ...]:
    if row in pairs:
        return compared[row, pairs[row]].flaws
    broken = next((call for call in came if call.name == want.name and call.values is None), None)
    if broken is not None:
        return (Flaw("bad_json", want.name, detail=broken.fault),)
    names = ", ".join(dict.fromkeys(call.name or "nothing that can be read" for call in came))
    return (Flaw("wrong_tool", want.name, detail=f"called: {shown(names)}"),)


def _of_the_rest(came: Sequence[Called], paired: set[int], schemas: Schemas, expected: int) -> list[Flaw]:
    flaws: list[Flaw] = []
    for column, call in enumerate(came):
        if column in paired:
            continue
        if call.name and call.name not in schemas:
            flaws.append(Flaw("unknown_tool", call.name, detail="no tool of this name is shown"))
        elif call.values is None and not call.name:
            flaws.append(Flaw("bad_json", detail=call.fault))
        elif len(came) > expected:
            flaws.append(Flaw("extra_call", call.name, detail="this call was not expected"))
    return flaws
