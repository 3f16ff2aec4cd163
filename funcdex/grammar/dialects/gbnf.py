"""Tree -> GBNF, as llama.cpp reads it: no `_` in rule names, no lookahead, every region a rule."""

from __future__ import annotations

import re

from funcdex.grammar.dialects.notation import times
from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Region, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern, region_name

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"', "[": "\\[", "]": "\\]"}
# xgrammar writes such a character as `\xe9` and takes an `a` after it for a third digit: we end the literal.
_BEFORE_A_DIGIT = re.compile(r"(?<=[\x00-\x1f\x7f-\xff])(?=[0-9a-fA-F])")


def render_gbnf(tree: Tree) -> str:
    """The grammar's text; its first rule is `root`."""
    rules = [f"{name} ::= {_body(body)}" for name, body in tree.rules.items()]
    regions = [f"{_region(region)} ::= {_body(pattern(region, flat=False))}" for region in tree.regions()]
    return "\n".join([*rules, *regions]) + "\n"


def _region(region: Region) -> str:
    # Capitals, because rules have none: the names never clash.
    return region_name(region).upper()


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
            return _class(node)
        case Sequence() | Choice():
            return f"({_body(node)})"
        case Repeat(body):
            return _atom(body) + times(node)
        case _:
            return _region(node)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char, in_class=False) for char in text) + '"'


def _class(chars: Chars) -> str:
    ranges = []
    for low, high in chars.ranges:
        first, last = _escaped(low, in_class=True), _escaped(high, in_class=True)
        ranges.append(first if low == high else f"{first}-{last}")
    return f"[{'^' if chars.negated else ''}{''.join(ranges)}]"


def _escaped(char: str, *, in_class: bool) -> str:
    if in_class and char in "-^":
        return f"\\x{ord(char):02x}"
    if char in _ESCAPES:
        return _ESCAPES[char] if in_class or char not in "[]" else char
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
