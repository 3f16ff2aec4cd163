"""What the dialects write alike: repetitions, and Backus-Naur form, which GBNF and EBNF share."""

from __future__ import annotations

import re
from itertools import pairwise
from string import hexdigits

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Region, Repeat, Sequence
from funcdex.grammar.regions import region_name

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"', "[": "\\[", "]": "\\]"}

# xgrammar writes such a character as `\xe9` and takes an `a` after it for a third digit: we end the literal.
_BEFORE_A_DIGIT = re.compile(r"(?<=[\x00-\x1f\x7f-\xff])(?=[0-9a-fA-F])")


def times(repeat: Repeat) -> str:
    """The suffix that repeats what stands before it: `*`, `+`, `?`, `{2,5}`, `{2,}`."""
    match (repeat.least, repeat.most):
        case (0, None):
            return "*"
        case (1, None):
            return "+"
        case (0, 1):
            return "?"
        case (least, most):
            return f"{{{least},{'' if most is None else most}}}"


def ranges_caret_last(chars: Chars) -> list[tuple[str, str]]:
    """The ranges with `^` at the end: escaped or not, at the beginning of a class some releases of xgrammar
    take it for a negation. On its own it still is at the beginning."""
    others = [("_" if low == "^" else low, high) for low, high in chars.ranges if (low, high) != ("^", "^")]
    return [*others, ("^", "^")] if any(low == "^" for low, _ in chars.ranges) else others


def bnf_rule(name: str, body: Node) -> str:
    """One line: `name ::= body`."""
    return f"{name} ::= {_body(body)}"


def bnf_region(region: Region) -> str:
    """The name of a region's rule: in capitals, because rules of the tree have none, so they never clash."""
    return region_name(region).upper()


def bnf_class(chars: Chars) -> str:
    """`[a-z]`, `[^\\n<]`."""
    members = []
    for (low, high), (after, _) in pairwise([*ranges_caret_last(chars), ("]", "]")]):
        last = _escaped(high, after, in_class=True)
        members.append(last if low == high else f"{_escaped(low, '-', in_class=True)}-{last}")
    return f"[{'^' if chars.negated else ''}{''.join(members)}]"


def _body(node: Node) -> str:
    if isinstance(node, Choice):
        return " | ".join(_sequence(option) for option in node.options)
    return _sequence(node)


def _sequence(node: Node) -> str:
    if isinstance(node, Sequence):
        return " ".join(_atom(part) for part in node.parts)
    return _atom(node)


def _atom(node: Node) -> str:
    match node:
        case Literal(text):
            pieces = [_quoted(piece) for piece in _BEFORE_A_DIGIT.split(text)]
            return pieces[0] if len(pieces) == 1 else f"({' '.join(pieces)})"
        case Reference(rule):
            return rule
        case Chars():
            return bnf_class(node)
        case Sequence() | Choice():
            return f"({_body(node)})"
        case Repeat(Repeat() as inner):
            return f"({_atom(inner)}){times(node)}"
        case Repeat(body):
            return _atom(body) + times(node)
        case _:
            return bnf_region(node)


def _quoted(text: str) -> str:
    written = (_escaped(char, after, in_class=False) for char, after in pairwise(f'{text}"'))
    return f'"{"".join(written)}"'


def _escaped(char: str, after: str, *, in_class: bool) -> str:
    if in_class and char in "-^":
        return _by_number(char, after)
    if char in _ESCAPES:
        return _ESCAPES[char] if in_class or char not in "[]" else char
    return char if char.isprintable() else _by_number(char, after)


def _by_number(char: str, after: str) -> str:
    code = ord(char)
    # xgrammar reads any number of digits after \x, and llguidance drops zeros after \u.
    if code < 0x100 and after not in hexdigits:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
