"""Which words a text of a conversation may hold, as a pattern.

Text starts with a character that is not white space, so it is never empty. At most `MAX_LINE_BREAKS` line
breaks stand in a row, because a model that loses its way likes to write them without end. A `<` is text
where no tag can follow, which is told from the first other character after it: so `x < 5`, `<b>` and
`a << b` are text, `</b>`, `<table>` and `<a>` are not. (Deciding at the second letter costs some engines a
thousand times more.) In the text `Buy <b>2</b>\\n\\n\\nnow` both `</b>` and the third line break are refused.
"""

from __future__ import annotations

from funcdex.grammar.ir import Chars, Literal, Node, Repeat, choice, sequence

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


def text_pattern(end: str, *, flat: bool) -> Node:
    """A text and, behind it, `end`. `flat` as in `regions.pattern`."""
    return _flat_text(end) if flat else _factored_text(end)


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
