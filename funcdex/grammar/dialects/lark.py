"""Tree -> Lark, as llguidance reads it, and newer xgrammar too.

Each region is a terminal, so llguidance has lexemes to work with. JSON is written out as rules: xgrammar's
`%json` lets a model write white space without end, and knows no way to forbid it.
"""

from __future__ import annotations

import json
import re

from funcdex.grammar.dialects.notation import ranges_caret_last, times
from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Region, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern, region_name

_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}/\-\"]")


def render_lark(tree: Tree) -> str:
    """The grammar's text; its first rule is `start`."""
    rules = [f"{_rule_name(name, tree)}: {_body(body, tree)}" for name, body in tree.rules.items()]
    terminals = [f"{_terminal(region)}: /{_regex(pattern(region, flat=True))}/" for region in tree.regions()]
    return "\n".join([*rules, *terminals]) + "\n"


def _rule_name(name: str, tree: Tree) -> str:
    return "start" if name == tree.root else name.replace("-", "_")


def _terminal(region: Region) -> str:
    return region_name(region).upper().replace("-", "_")


def _body(node: Node, tree: Tree) -> str:
    if isinstance(node, Choice):
        return "\n  | ".join(_sequence(option, tree) for option in node.options)
    return _sequence(node, tree)


def _sequence(node: Node, tree: Tree) -> str:
    if isinstance(node, Sequence):
        return " ".join(_atom(part, tree) for part in node.parts)
    return _atom(node, tree)


def _atom(node: Node, tree: Tree) -> str:
    match node:
        case Literal(text):
            return _quoted(text)
        case Reference(rule):
            return _rule_name(rule, tree)
        case Chars():
            return f"/{_class(node)}/"
        case Sequence():
            return f"({_sequence(node, tree)})"
        case Choice(options):
            return f"({' | '.join(_sequence(option, tree) for option in options)})"
        case Repeat(Repeat() as inner):
            return f"({_atom(inner, tree)}){times(node)}"
        case Repeat(body):
            return _atom(body, tree) + times(node)
        case _:
            return _terminal(node)


def _quoted(text: str) -> str:
    # vLLM takes a text with `::=` in it for EBNF, so that must not appear inside a literal either. The
    # deletion character is the one that JSON does not escape and llguidance does not read.
    halves = text.split("::=")
    pieces = [
        ("=" if n else "") + half + (":" * 2 if n < len(halves) - 1 else "") for n, half in enumerate(halves)
    ]
    return " ".join(json.dumps(piece, ensure_ascii=False).replace("\x7f", "\\u007f") for piece in pieces)


def _regex(node: Node) -> str:
    match node:
        case Literal(text):
            return "".join(_escaped(char) for char in text)
        case Chars():
            return _class(node)
        case Sequence(parts):
            return "".join(
                f"({_regex(part)})" if isinstance(part, Choice) else _regex(part) for part in parts
            )
        case Choice(options):
            return "|".join(_regex(option) for option in options)
        case Repeat(body):
            inner = _regex(body)
            return (inner if isinstance(body, Chars) else f"({inner})") + times(node)
        case _:
            raise TypeError(f"a {type(node).__name__} has no place in a pattern")


def _class(chars: Chars) -> str:
    ranges = ranges_caret_last(chars)
    if ranges == [("^", "^")] and not chars.negated:
        return r"\^"
    members = (_escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges)
    return f"[{'^' if chars.negated else ''}{''.join(members)}]"


def _escaped(char: str) -> str:
    if _SPECIAL.fullmatch(char):
        return "\\" + char
    # Beyond \uFFFF no escape means the same to all that read it.
    if char.isprintable() or ord(char) > 0xFFFF:
        return char
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char, f"\\u{ord(char):04x}")
