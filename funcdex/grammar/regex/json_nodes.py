"""A regular expression as the content of a JSON string: what stands between the quotes, as nodes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Repeat, Sequence, choice, sequence
from funcdex.grammar.json_patterns import CHARACTER
from funcdex.grammar.regex.char_sets import EVERY, LAST, Ranges, common, complement, has
from funcdex.grammar.regex.flat import Flattener, nonempty
from funcdex.grammar.regex.parser import UnknownRegex, parse_regex
from funcdex.grammar.regex.tree import CannotWrite, One, Or, Regex, Then, Times, longest, shortest, times
from funcdex.grammar.regex.whole import whole

MAX_NODES = 1500
MAX_OPTIONS = 64
_SHORT = {0x22: '"', 0x5C: "\\", 0x8: "b", 0xC: "f", 0xA: "n", 0xD: "r", 0x9: "t"}
_PLAIN: Ranges = ((0x20, 0x21), (0x23, 0x5B), (0x5D, LAST))
_CONTROLS: Ranges = ((0, 0x1F),)
_SURROGATES: Ranges = ((0xD800, 0xDFFF),)


@dataclass(frozen=True, slots=True)
class Content:
    """`node` matches every text of the language, and, if `counted` is not true, longer ones as well; if it is
    `narrowed`, only some of them. `tree` is what it was written from.

    `shortest` and `longest` are lengths of the texts, in characters; None without end."""

    node: Node
    tree: Regex
    counted: bool
    narrowed: bool
    shortest: int
    longest: int | None


def content_of(pattern: str, *, least: int = 0, most: int | None = None, exact: bool = False) -> Content:
    """The content of strings in which the pattern is found, `least` to `most` characters long where that is
    cheap to say. `exact`: as Flattener has it. Raises CannotWrite."""
    flattener = Flattener(exact)
    return _written(_within(found_in(pattern, flattener), least, most), flattener)


def found_in(pattern: str, flattener: Flattener | None = None) -> Regex:
    """The strings in which the pattern is found, as a tree without edges. Raises CannotWrite."""
    try:
        return whole(parse_regex(pattern), (flattener or Flattener()).flat)
    except UnknownRegex as error:
        raise CannotWrite("unknown regex") from error


def content(tree: Regex, *, exact: bool = False) -> Content:
    """The content of strings that match the tree, which has no edges. Raises CannotWrite."""
    return _written(tree, Flattener(exact))


def _written(tree: Regex, flattener: Flattener) -> Content:
    flat = flattener.flat(tree)
    node = _node(flat)
    if _size(node) > MAX_NODES:
        raise CannotWrite("size")
    return Content(node, flat, not flattener.shortened, flattener.narrowed, shortest(flat), longest(flat))


def _within(tree: Regex, least: int, most: int | None) -> Regex:
    """The tree with a length, where a length is easily said."""
    if isinstance(tree, Times) and isinstance(tree.body, One):
        low = max(tree.least, least)
        high = tree.most if most is None else most if tree.most is None else min(tree.most, most)
        if high is not None and high < low:
            raise CannotWrite("empty")
        return times(tree.body, low, high)
    return nonempty(tree) if least and shortest(tree) == 0 else tree


def _node(tree: Regex) -> Node:
    match tree:
        case One(chars):
            return choice(*_character(chars.sure))
        case Then(parts):
            return _joined([_node(part) for part in parts])
        case Or(options):
            return choice(*(_node(option) for option in options))
        case Times(body, least, most):
            inner = _plain_options(_node(body))
            # A repetition right inside another one needs a bracket, which a sequence gets in every notation.
            return Repeat(Sequence((inner,)) if isinstance(inner, Repeat) else inner, least, most)
        case _:
            raise CannotWrite("edges")


def _plain_options(node: Node) -> Node:
    """The body of a loop with choices inside its alternatives multiplied out: xgrammar wants them plain."""
    options = node.options if isinstance(node, Choice) else (node,)
    if not any(isinstance(part, Choice) for option in options for part in _parts(option)):
        return node
    made: list[Node] = []
    for option in options:
        each = [part.options if isinstance(part, Choice) else (part,) for part in _parts(option)]
        made.extend(_joined(list(parts)) for parts in product(*each))
        if len(made) > MAX_OPTIONS:
            return node
    return choice(*made)


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Sequence) else (node,)


def _joined(parts: list[Node]) -> Node:
    """One after another; inside a region, where there are no lexemes to keep apart, literals are joined."""
    made: list[Node] = []
    for part in (piece for node in parts for piece in _parts(node)):
        last = made[-1] if made else None
        if isinstance(part, Literal) and isinstance(last, Literal):
            made[-1] = Literal(last.text + part.text)
        else:
            made.append(part)
    return sequence(*made)


def _character(ranges: Ranges) -> list[Node]:
    """How one character of a set is written: as it is, or behind a backslash."""
    if ranges == EVERY:
        return [CHARACTER]
    options: list[Node] = []
    plain = common(ranges, _PLAIN)
    if plain and plain != _SURROGATES:
        options.append(_plain(plain))
    escaped = [(letter, letter) for point, letter in _SHORT.items() if has(ranges, point)]
    if escaped:
        letters = Chars(tuple(escaped))
        options.append(
            Literal("\\" + escaped[0][0]) if len(escaped) == 1 else sequence(Literal("\\"), letters)
        )
    if common(ranges, _CONTROLS) == _CONTROLS:
        hexadecimal = Chars((("0", "9"), ("a", "f"), ("A", "F")))
        options.append(sequence(Literal("\\u00"), Chars((("0", "1"),)), hexadecimal))
    if not options:
        raise CannotWrite("empty")
    return options


def _plain(ranges: Ranges) -> Node:
    outside = complement(ranges)
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return Literal(chr(ranges[0][0]))
    negated = len(outside) < len(ranges) or (len(ranges) > 1 and ranges[-1][1] == LAST)
    return Chars(_as_chars(outside if negated else ranges), negated)


def _as_chars(ranges: Ranges) -> tuple[tuple[str, str], ...]:
    # A half of a surrogate pair is no character that anything could be compared with.
    cut = common(ranges, complement(_SURROGATES))
    return tuple((chr(low), chr(high)) for low, high in cut)


def _size(node: Node) -> int:
    match node:
        case Sequence(parts):
            return sum(map(_size, parts))
        case Repeat(body):
            return 1 + _size(body)
        case _:
            options = getattr(node, "options", ())
            return sum(map(_size, options)) if options else 1
