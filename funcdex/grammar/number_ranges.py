"""Which digits a number between two bounds can have, as a pattern: 0.5 to 12 is `0\\.[5-9].. | [1-9].. | 12`.

Such a number has no exponent: `1e2` and `100` are one number, and digits are what a pattern can compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from funcdex.grammar.integers import DIGIT, integer_pattern
from funcdex.grammar.ir import Chars, Literal, Node, Repeat, choice, optional, sequence

LARGEST = 10**18 - 1
MAX_DIGITS = 20
_POINT = Literal(".")


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit; `open` if the number itself is beyond it."""

    value: Decimal
    open: bool = False


def range_pattern(least: Bound | None, most: Bound | None) -> Node:
    """Numbers between the bounds, of which there is at least one; None is no bound. `-0` never."""
    options: list[Node] = []
    zero = Bound(Decimal(0))
    if least is None or least.value < 0:
        low = Bound(-most.value, most.open) if most and most.value < 0 else Bound(Decimal(0), True)
        high = Bound(-least.value, least.open) if least else None
        if not _is_empty(low, high):
            options.append(sequence(Literal("-"), _unsigned(low, high)))
    low = least if least and least.value >= 0 else zero
    if not _is_empty(low, most):
        options.append(_unsigned(low, most))
    return choice(*options)


def _is_empty(low: Bound, high: Bound | None) -> bool:
    if high is None:
        return False
    return low.value > high.value or (low.value == high.value and (low.open or high.open))


def _unsigned(low: Bound, high: Bound | None) -> Node:
    """Numbers from a `low` that is not negative."""
    room = _room(low, high)
    first, low_digits = _split(low.value)
    if high is None or high.value > LARGEST:
        last, high_digits, high = LARGEST + 1, "", Bound(Decimal(LARGEST + 1), True)
    else:
        last, high_digits = _split(high.value)
    if first == last:
        return sequence(Literal(str(first)), _between(low_digits, low.open, high_digits, high.open, room))
    options: list[Node] = []
    if low_digits or low.open:
        options.append(sequence(Literal(str(first)), _at_least(low_digits, low.open, room)))
        first += 1
    if first < last:
        options.append(sequence(integer_pattern(first, last - 1), optional(_fraction(room))))
    if high_digits or not high.open:
        options.append(sequence(Literal(str(last)), _at_most(high_digits, high.open, room)))
    return choice(*options)


def _room(low: Bound, high: Bound | None) -> int:
    """Digits behind the point. Beside an open bound so few that no number is rounded to the bound."""
    if not low.open and not (high and high.open):
        return MAX_DIGITS
    whole = max(len(str(_split(bound.value)[0])) for bound in (low, high) if bound)
    behind = max(len(_split(bound.value)[1]) for bound in (low, high) if bound)
    return max(1, behind + 1, 14 - whole)


def _split(value: Decimal) -> tuple[int, str]:
    """The whole part and the digits behind the point, without zeros at the end."""
    whole = int(value.to_integral_value(ROUND_FLOOR))
    return whole, format(value - whole, "f").partition(".")[2].rstrip("0")


def _fraction(room: int) -> Node:
    return sequence(_POINT, Repeat(DIGIT, 1, room))


def _at_least(digits: str, is_open: bool, room: int) -> Node:
    """A fraction that is not less than `.digits`, with its point."""
    if not digits and not is_open:
        return optional(_fraction(room))
    return sequence(_POINT, _not_less(digits, is_open, room))


def _not_less(digits: str, is_open: bool, room: int) -> Node:
    if not digits:
        if not is_open:
            return Repeat(DIGIT, 0, max(room, 1))
        return sequence(_zeros(max(room - 1, 0)), _digit(1, 9), Repeat(DIGIT, 0, max(room - 1, 1)))
    first = int(digits[0])
    options = [sequence(Literal(digits[0]), _not_less(digits[1:], is_open, room - 1))]
    if first < 9:
        options.append(sequence(_digit(first + 1, 9), _more(room - 1)))
    return choice(*options)


def _at_most(digits: str, is_open: bool, room: int) -> Node:
    """A fraction that is not more than `.digits`, with its point, or nothing."""
    if not digits:
        return optional(sequence(_POINT, Literal("0"), _zeros(room - 1)))
    less = _not_more(digits, is_open, room)
    return optional(sequence(_POINT, less))


def _not_more(digits: str, is_open: bool, room: int) -> Node:
    """At least one digit. `digits` does not end in a zero."""
    first = int(digits[0])
    options: list[Node] = [sequence(_digit(0, first - 1), _more(room - 1))] if first else []
    if len(digits) > 1:
        options.append(sequence(Literal(digits[0]), optional(_not_more(digits[1:], is_open, room - 1))))
    elif not is_open:
        options.append(sequence(Literal(digits[0]), _zeros(room - 1)))
    return choice(*options)


def _between(low: str, low_open: bool, high: str, high_open: bool, room: int) -> Node:
    """A fraction between the two, `low` being less than `high` or both the same and closed."""
    if not low and not low_open:
        return _at_most(high, high_open, room)
    length = max(len(low), len(high))
    return sequence(_POINT, _both(low.ljust(length, "0"), low_open, high.ljust(length, "0"), high_open, room))


def _both(low: str, low_open: bool, high: str, high_open: bool, room: int) -> Node:
    if not low:
        return _zeros(room)
    if low[0] == high[0]:
        return sequence(Literal(low[0]), _both(low[1:], low_open, high[1:], high_open, room - 1))
    first, last = int(low[0]), int(high[0])
    rest = high[1:].rstrip("0")
    options = [sequence(Literal(low[0]), _not_less(low[1:].rstrip("0"), low_open, room - 1))]
    if first + 1 < last:
        options.append(sequence(_digit(first + 1, last - 1), _more(room - 1)))
    if rest:
        options.append(sequence(Literal(high[0]), optional(_not_more(rest, high_open, room - 1))))
    elif not high_open:
        options.append(sequence(Literal(high[0]), _zeros(room - 1)))
    return choice(*options)


def _digit(low: int, high: int) -> Node:
    return Literal(str(low)) if low == high else Chars(((str(low), str(high)),))


def _more(room: int) -> Node:
    return Repeat(DIGIT, 0, max(room, 1))


def _zeros(room: int) -> Node:
    return Repeat(Literal("0"), 0, max(room, 1))
