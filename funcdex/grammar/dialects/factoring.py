"""The same language with alternatives that share their beginnings, for an engine that follows each by itself.

    "GET_USER" | "GET_FILE"              becomes   "GET_" ("USER" | "FILE")

Where an alternative is a rule that begins like another alternative, its beginning is written out. Optional
keys stay linear in their number nonetheless, because what follows a shared beginning becomes a rule, and
rules made here are not written out again:

    rest-1 ::= ", a" STRING rest-2 | rest-2        rest-1 ::= ", " rest-1-more | "}"
    rest-2 ::= ", b" STRING rest-3 | rest-3   ->   rest-1-more ::= "a" STRING rest-2 | rest-2-more
    rest-3 ::= ", c" STRING "}" | "}"              rest-2-more ::= "b" STRING rest-3 | "c" STRING "}"
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence as Several

from funcdex.grammar.ir import (
    EMPTY,
    Chars,
    Choice,
    Literal,
    Node,
    Reference,
    Repeat,
    Sequence,
    Tree,
    choice,
    sequence,
    walk,
)
from funcdex.grammar.rules import RuleBook

_Parts = tuple[Node, ...]


def factored(tree: Tree) -> Tree:
    """The tree with shared beginnings; it has no regions."""
    return _Factoring(tree).tree()


class _Factoring:
    """Rules are done once, those they begin with first."""

    def __init__(self, tree: Tree) -> None:
        self._from = tree
        self._book = RuleBook()
        self._done: dict[str, Node] = {}
        self._begun: set[str] = set()

    def tree(self) -> Tree:
        for name, body in self._from.rules.items():
            self._book.define(name, body)
        for name in self._from.rules:
            self._rule(name)
        return self._book.tree(self._done[self._from.root])

    def _rule(self, name: str) -> Node | None:
        """The new body of a rule; None while it is being made, and for rules that were made here."""
        if name not in self._done and name in self._from.rules and name not in self._begun:
            self._begun.add(name)
            self._done[name] = self._node(self._from.rules[name], name)
            self._book.define(name, self._done[name])
        return self._done.get(name)

    def _node(self, node: Node, hint: str) -> Node:
        match node:
            case Sequence(parts):
                return sequence(*_joined(tuple(self._node(part, hint) for part in parts)))
            case Choice(options):
                alternatives = [_parts_of(self._node(option, hint)) for option in options]
                return self._choice(alternatives, hint, frozenset())
            case Repeat(body, least, most):
                return Repeat(self._node(body, hint), least, most)
            case _:
                return node

    def _choice(self, options: Several[_Parts], hint: str, opened: frozenset[str]) -> Node:
        """One of the options, grouped by the character that they begin with. `opened`: rules whose beginning
        has been written out on the way here; a second time would never end."""
        unfolded = [self._unfolded(option, opened) for option in options]
        firsts = Counter(
            first for each in unfolded for first in {_first(parts) for parts, _ in each} if first
        )
        groups: dict[object, list[tuple[_Parts, frozenset[str]]]] = defaultdict(list)
        for option, alternatives in zip(options, unfolded, strict=True):
            if any(firsts[_first(parts)] > 1 for parts, _ in alternatives):
                for parts, through in alternatives:
                    groups[_first(parts) or parts].append((parts, through))
            else:
                groups[option].append((option, opened))
        return choice(*sorted((self._group(each, hint) for each in groups.values()), key=_begins_with_most))

    def _group(self, group: list[tuple[_Parts, frozenset[str]]], hint: str) -> Node:
        """Options with the same first character, or one of any kind."""
        if len({parts for parts, _ in group}) == 1:
            return sequence(*group[0][0])
        prefix = os.path.commonprefix([_text(parts) for parts, _ in group])
        rests = [_without(prefix, parts) for parts, _ in group]
        rest = self._choice(rests, hint, frozenset().union(*(through for _, through in group)))
        if isinstance(rest, Choice) and any(isinstance(each, Reference) for each in walk(rest)):
            rest = self._book.add(f"{hint}-more", rest)
        return sequence(*_joined((Literal(prefix), *_parts_of(rest))))

    def _unfolded(self, parts: _Parts, opened: frozenset[str]) -> list[tuple[_Parts, frozenset[str]]]:
        """Alternatives that are the same together, with literals at their beginnings where there are any."""
        head, *tail = _joined(parts) or (EMPTY,)
        if isinstance(head, Choice):
            found = [self._unfolded((*_parts_of(option), *tail), opened) for option in head.options]
            return [each for several in found for each in several]
        if isinstance(head, Reference) and head.rule not in opened:
            body = self._rule(head.rule)
            through = opened | {head.rule}
            if isinstance(body, Choice):
                return [(_joined((*_parts_of(option), *tail)), through) for option in body.options]
            if body is not None and isinstance(_parts_of(body)[0], Literal):
                return [(_joined((*_parts_of(body), *tail)), through)]
        return [((head, *tail) if head != EMPTY else tuple(tail), opened)]


def _parts_of(node: Node) -> _Parts:
    return node.parts if isinstance(node, Sequence) else (node,)


def _joined(parts: _Parts) -> _Parts:
    """Neighbouring literals as one."""
    joined: list[Node] = []
    for part in parts:
        if isinstance(part, Literal) and joined and isinstance(joined[-1], Literal):
            joined[-1] = Literal(joined[-1].text + part.text)
        elif part != EMPTY:
            joined.append(part)
    return tuple(joined)


def _text(parts: _Parts) -> str:
    return parts[0].text if parts and isinstance(parts[0], Literal) else ""


def _first(parts: _Parts) -> str:
    """The character that all of these begin with; empty if there is none, or it is not said at once."""
    return _text(parts)[:1]


def _without(prefix: str, parts: _Parts) -> _Parts:
    assert isinstance(parts[0], Literal)
    left = parts[0].text.removeprefix(prefix)
    return (Literal(left), *parts[1:]) if left else parts[1:]


def _begins_with_most(node: Node) -> bool:
    """Whether most words of a vocabulary can begin so."""
    head = _parts_of(node)[0]
    return isinstance(head, Chars) and head.negated
