"""Which words a text of a conversation may hold, as a pattern.

Text starts with a character that is not white space, so it is never empty. At most `MAX_LINE_BREAKS` line
breaks stand in a row, because a model that loses its way likes to write them without end. A `<` is text
where no tag can follow, which is told from the one character after it: `x < 5` and `<b>` are text, `</b>`,
`<table>`, `<a>` and the first `<` of `<<` are not. (Deciding at the second letter costs some engines a
thousand times more.) A line begins with `<` only if a visible ASCII character follows, a text never does.
In the text `Buy <b>2</b>\\n\\n\\nnow` both `</b>` and the third line break are refused.

What is left out can be written nonetheless, as `&lt;`: `funcdex.dml.text` escapes exactly this.

Each state of the matcher from which most words of a vocabulary can follow costs xgrammar some 40 ms when it
compiles: one for `<`, one for each line break, few for the rest. That is why a `<` at the start of a line is
choosy. Measurements: docs/decisions/0003-grammar-shape.md.
"""

from __future__ import annotations

from funcdex.grammar.ir import Chars, Literal, Node, Repeat, choice, sequence

MAX_LINE_BREAKS = 2

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
_LESS_THAN = sequence(Literal("<"), Chars(_one("/", "<", "a", "t"), negated=True))
_VISIBLE = Chars((("!", "."), ("0", ";"), ("=", "`"), ("b", "s"), ("u", "~")))
_LEADING_LESS_THAN = sequence(Literal("<"), _VISIBLE)


def text_pattern(end: str, *, flat: bool) -> Node:
    """A text and, behind it, `end`. `flat` as in `regions.pattern`."""
    return _flat_text(end) if flat else _factored_text(end)


def _flat_text(end: str) -> Node:
    pieces: list[Node] = [_PLAIN, _LESS_THAN]
    for count in range(1, MAX_LINE_BREAKS + 1):
        breaks = Literal("\n" * count)
        # Any number of characters where one would do: a state that leads to itself costs xgrammar half.
        pieces.append(sequence(breaks, Repeat(_PLAIN, 0, None), _PLAIN))
        pieces.append(sequence(breaks, _LEADING_LESS_THAN))
    return sequence(_FIRST, Repeat(choice(*pieces), 0, None), Literal(end))


def _factored_text(end: str) -> Node:
    piece: Node = choice(_PLAIN, _LEADING_LESS_THAN)
    for _ in range(MAX_LINE_BREAKS - 1):
        piece = choice(_PLAIN, _LEADING_LESS_THAN, sequence(Literal("\n"), piece))
    loop = Repeat(choice(_PLAIN, _LESS_THAN, sequence(Literal("\n"), piece)), 0, None)
    return sequence(_FIRST, loop, Literal(end))
