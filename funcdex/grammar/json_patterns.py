"""Strings and numbers of JSON as patterns: what `json.dumps(value, ensure_ascii=False)` writes.

`\\u` stands for control characters only.
"""

from __future__ import annotations

from funcdex.grammar.integers import DIGIT
from funcdex.grammar.ir import Chars, Literal, Node, Repeat, choice, optional, sequence


def string_pattern(content: Node | None) -> Node:
    """A string with its quotes; without a content any string."""
    return _quoted(Repeat(CHARACTER, 0, None) if content is None else content)


def number_pattern(*, signed: bool) -> Node:
    """Any number; not `signed`: without a minus sign."""
    return sequence(optional(Literal("-")), _UNSIGNED) if signed else _UNSIGNED


def _one(*members: str) -> tuple[tuple[str, str], ...]:
    return tuple((member, member) for member in members)


def _quoted(node: Node) -> Node:
    return sequence(Literal('"'), node, Literal('"'))


def _range(low: str, high: str) -> Chars:
    return Chars(((low, high),))


_HEX = Chars((("0", "9"), ("a", "f"), ("A", "F")))
CHARACTER = choice(
    Chars((("\x00", "\x1f"), ('"', '"'), ("\\", "\\")), negated=True),
    sequence(Literal("\\"), Chars(_one('"', "\\", "/", "b", "f", "n", "r", "t"))),
    sequence(Literal("\\u00"), _range("0", "1"), _HEX),
)
_WHOLE = choice(Literal("0"), sequence(_range("1", "9"), Repeat(DIGIT, 0, 17)))
_FRACTION = sequence(Literal("."), Repeat(DIGIT, 1, 20))
_EXPONENT = sequence(Chars(_one("e", "E")), optional(Chars(_one("+", "-"))), Repeat(DIGIT, 1, 3))
_UNSIGNED = sequence(_WHOLE, optional(_FRACTION), optional(_EXPONENT))
