"""Which digits an integer between two bounds can have, as a pattern."""

from __future__ import annotations

from funcdex.grammar.ir import Chars, Literal, Node, Repeat, choice, sequence

DIGIT = Chars((("0", "9"),))


def integer_pattern(least: int, most: int) -> Node:
    """Integers from `least` to `most`, both included, without leading zeros or a plus sign: 5 to 12 is
    `[5-9] | 1[0-2]`. `least` is at most `most`."""
    options: list[Node] = []
    if least < 0:
        options.append(sequence(Literal("-"), choice(*_positive(max(1, -most), -least))))
    if least <= 0 <= most:
        options.append(Literal("0"))
    if most > 0:
        options.extend(_positive(max(1, least), most))
    return choice(*options)


def _positive(least: int, most: int) -> list[Node]:
    """Options for 1 <= least to most, one length of number after another."""
    shortest, longest = len(str(least)), len(str(most))
    options: list[Node] = []
    whole: list[int] = []
    for length in range(shortest, longest + 1):
        low, high = max(least, 10 ** (length - 1)), min(most, 10**length - 1)
        if (low, high) == (10 ** (length - 1), 10**length - 1):
            whole.append(length)
        else:
            options.append(_same_length(str(low), str(high)))
    if whole:
        options.append(sequence(Chars((("1", "9"),)), _digits(whole[0] - 1, whole[-1] - 1)))
    return options


def _same_length(low: str, high: str) -> Node:
    """Numbers from `low` to `high`, which have equally many digits."""
    tail = len(low) - 1
    if not tail:
        return _digit(low, high)
    if low[0] == high[0]:
        return sequence(Literal(low[0]), _same_length(low[1:], high[1:]))
    options: list[Node] = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * tail:
        options.append(sequence(Literal(low[0]), _same_length(low[1:], "9" * tail)))
        first += 1
    if high[1:] != "9" * tail:
        options.append(sequence(Literal(high[0]), _same_length("0" * tail, high[1:])))
        last -= 1
    if first <= last:
        options.append(sequence(_digit(str(first), str(last)), _digits(tail, tail)))
    return choice(*options)


def _digit(low: str, high: str) -> Node:
    return Literal(low) if low == high else Chars(((low, high),))


def _digits(least: int, most: int) -> Node:
    if most == 0:
        return Literal("")
    return DIGIT if (least, most) == (1, 1) else Repeat(DIGIT, least, most)
