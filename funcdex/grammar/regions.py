"""What a region of a tree matches, as a pattern: a node without references or regions in it.

Text starts with a character that is not white space, so it is never empty. At most `MAX_LINE_BREAKS` line
breaks stand in a row, because a model that loses its way likes to write them without end. A `<` is text
where no tag can follow, which is told from the first other character after it: so `x < 5`, `<b>` and
`a << b` are text, `</b>`, `<table>` and `<a>` are not. (Deciding at the second letter costs some engines a
thousand times more.) In the text `Buy <b>2</b>\\n\\n\\nnow` both `</b>` and the third line break are refused.

JSON is what `json.dumps(value, ensure_ascii=False)` writes: `\\u` only for control characters.
"""

from __future__ import annotations

from functools import cache

from funcdex.grammar.integers import DIGIT, integer_pattern
from funcdex.grammar.ir import (
    Chars,
    JsonInteger,
    JsonNumber,
    JsonString,
    Literal,
    Node,
    Region,
    Repeat,
    Text,
    choice,
    optional,
    sequence,
)

MAX_LINE_BREAKS = 2
MAX_LESS_THANS = 2
"""`<` in a row; each one more is a state of the matcher."""

# All that str.strip() takes away: a text of nothing else would be no text for the parser.
_WHITE_SPACE = (
    ("\t", "\r"),
    ("\x1c", " "),
    ("\x85", "\x85"),
    ("\xa0", "\xa0"),
    ("\u1680", "\u1680"),
    ("\u2000", "\u200a"),
    ("\u2028", "\u2029"),
    ("\u202f", "\u202f"),
    ("\u205f", "\u205f"),
    ("\u3000", "\u3000"),
)


def _one(*members: str) -> tuple[tuple[str, str], ...]:
    return tuple((member, member) for member in members)


_FIRST = Chars((*_WHITE_SPACE, ("<", "<")), negated=True)
_PLAIN = Chars(_one("\n", "<"), negated=True)
_NOT_A_TAG = Chars(_one("/", "<", "a", "t"), negated=True)
_TEXT_ENDS = {"line": "\n<", "tag": "<", "end": ""}


def region_name(region: Region) -> str:
    """A name that is unique among regions: letters, digits and `-`."""
    match region:
        case Text(until):
            return f"text-{until}"
        case JsonString(form):
            return "string" if form == "any" else form
        case JsonInteger(least, most):
            return f"integer-{_signed(least)}-{_signed(most)}"
        case JsonNumber(signed):
            return "number" if signed else "number-unsigned"


@cache
def pattern(region: Region, *, flat: bool) -> Node:
    """What the region matches. `flat` is for engines that read it as one regular expression: they stay fast
    only if a text's loop holds plain alternatives. Otherwise alternatives share their beginnings, which suits
    engines that follow each alternative by itself."""
    match region:
        case Text(until):
            return _flat_text(_TEXT_ENDS[until]) if flat else _factored_text(_TEXT_ENDS[until])
        case JsonString(form):
            return {"any": _STRING, "date": _quoted(_DATE), "date-time": _quoted(_MOMENT)}[form]
        case JsonInteger(least, most):
            return integer_pattern(least, most)
        case JsonNumber(signed):
            return sequence(optional(Literal("-")), _UNSIGNED) if signed else _UNSIGNED


def _flat_text(end: str) -> Node:
    pieces: list[Node] = []
    for breaks in range(MAX_LINE_BREAKS + 1):
        pieces.append(sequence(Literal("\n" * breaks), _PLAIN))
        pieces.extend(sequence(Literal("\n" * breaks), less_than) for less_than in _less_thans())
    rest = Repeat(choice(*pieces), 0, None)
    return choice(*(sequence(first, rest, Literal(end)) for first in (_FIRST, *_less_thans())))


def _factored_text(end: str) -> Node:
    less_than: Node = _NOT_A_TAG
    for _ in range(MAX_LESS_THANS - 1):
        less_than = choice(_NOT_A_TAG, sequence(Literal("<"), less_than))
    less_than = sequence(Literal("<"), less_than)
    piece = choice(_PLAIN, less_than)
    for _ in range(MAX_LINE_BREAKS):
        piece = choice(_PLAIN, sequence(Literal("\n"), piece), less_than)
    return sequence(choice(_FIRST, less_than), Repeat(piece, 0, None), Literal(end))


def _less_thans() -> list[Node]:
    return [sequence(Literal("<" * count), _NOT_A_TAG) for count in range(1, MAX_LESS_THANS + 1)]


def _signed(number: int) -> str:
    return f"m{-number}" if number < 0 else str(number)


def _quoted(node: Node) -> Node:
    return sequence(Literal('"'), node, Literal('"'))


def _range(low: str, high: str) -> Chars:
    return Chars(((low, high),))


_HEX = Chars((("0", "9"), ("a", "f"), ("A", "F")))
_CHARACTER = choice(
    Chars((("\x00", "\x1f"), ('"', '"'), ("\\", "\\")), negated=True),
    sequence(Literal("\\"), Chars(_one('"', "\\", "/", "b", "f", "n", "r", "t"))),
    sequence(Literal("\\u00"), _range("0", "1"), _HEX),
)
_STRING = _quoted(Repeat(_CHARACTER, 0, None))
_WHOLE = choice(Literal("0"), sequence(_range("1", "9"), Repeat(DIGIT, 0, 17)))
_FRACTION = sequence(Literal("."), Repeat(DIGIT, 1, 20))
_EXPONENT = sequence(Chars(_one("e", "E")), optional(Chars(_one("+", "-"))), Repeat(DIGIT, 1, 3))
_UNSIGNED = sequence(_WHOLE, optional(_FRACTION), optional(_EXPONENT))
_MONTH = choice(sequence(Literal("0"), _range("1", "9")), sequence(Literal("1"), _range("0", "2")))
_DAY = choice(
    sequence(Literal("0"), _range("1", "9")),
    sequence(_range("1", "2"), DIGIT),
    sequence(Literal("3"), _range("0", "1")),
)
_DATE = sequence(DIGIT, DIGIT, DIGIT, DIGIT, Literal("-"), _MONTH, Literal("-"), _DAY)
_HOUR = choice(sequence(_range("0", "1"), DIGIT), sequence(Literal("2"), _range("0", "3")))
_SIXTIETH = sequence(_range("0", "5"), DIGIT)
_TIME = sequence(_HOUR, Literal(":"), _SIXTIETH, Literal(":"), _SIXTIETH)
_OFFSET = choice(Literal("Z"), sequence(Chars(_one("+", "-")), _HOUR, Literal(":"), _SIXTIETH))
_MOMENT = sequence(_DATE, Literal("T"), _TIME, optional(sequence(Literal("."), Repeat(DIGIT, 1, 9))), _OFFSET)
