"""What the rules of a grammar are like: nullable, short, white space, reachable."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Repeat, Sequence, walk
from funcdex.grammar_cost.graph import in_circles, post_order, reachable
from funcdex.grammar_cost.notation import Notation, Rules

WHITE = " \t\r\n"
SHORT = (2, 6)
"""Characters that one round of a loop over text takes, fewest and most: a plain one, or an escape."""
BROAD = 64
"""A class with more characters than this is text."""


class Grammar:
    """Rules by name, and what follows from them."""

    def __init__(self, rules: Rules) -> None:
        self.root = rules.root
        self.notation: Notation = rules.notation
        # Of two definitions of one name the first counts, as engines have it.
        self._bodies = {rule.name: rule.body for rule in reversed(rules.rules)}
        self._provided = rules.provided
        named = {name: tuple(_references(body)) for name, body in self._bodies.items()}
        self.reachable = reachable(named, {self.root, *rules.used})
        order = [name for name in post_order(named, named) if name in self._bodies]
        self._nullable: set[str] = set()
        self._find_nullable(order)
        self._white = set(order)
        self._strike_all_but_white(order)
        self._lengths: dict[str, tuple[float, float]] = {}
        self._find_lengths(order)
        first = {name: tuple(self._leftmost(body)) for name, body in self._bodies.items()}
        self.left_recursive = in_circles(first)

    def knows(self, name: str) -> bool:
        """Whether it is defined here or elsewhere."""
        return name in self._bodies or name in self._provided

    def is_nullable(self, node: Node) -> bool:
        """Whether it can be nothing."""
        match node:
            case Literal(text):
                return not text
            case Reference(rule):
                return rule in self._nullable
            case Sequence(parts):
                return all(self.is_nullable(part) for part in parts)
            case Choice(options):
                return any(self.is_nullable(option) for option in options)
            case Repeat(body, least, _):
                return least == 0 or self.is_nullable(body)
        return False

    def is_white(self, node: Node) -> bool:
        """Whether it is white space of whatever length, and not always nothing."""
        leaves = [part for part in walk(node) if isinstance(part, Literal | Chars | Reference)]
        return all(self._white_leaf(leaf) for leaf in leaves) and any(leaf != Literal("") for leaf in leaves)

    def is_short(self, node: Node) -> bool:
        """Whether it is one round of a loop over text, character by character."""
        fewest, most = self._length(node)
        return fewest <= SHORT[0] and most <= SHORT[1]

    def is_broad(self, node: Node) -> bool:
        """Whether it is a class that stands for text."""
        if not isinstance(node, Chars):
            return False
        return node.negated or sum(ord(high) - ord(low) + 1 for low, high in node.ranges) > BROAD

    def _find_nullable(self, order: list[str]) -> None:
        """Those known to be, and so on, until there are no more."""
        grown = True
        while grown:
            grown = False
            for name in order:
                if name not in self._nullable and self.is_nullable(self._bodies[name]):
                    self._nullable.add(name)
                    grown = True

    def _strike_all_but_white(self, order: list[str]) -> None:
        """All are taken to be white space; those that are not are struck out until none is left to strike."""
        shrunk = True
        while shrunk:
            shrunk = False
            for name in order:
                if name in self._white and not self.is_white(self._bodies[name]):
                    self._white.discard(name)
                    shrunk = True

    def _white_leaf(self, leaf: Node) -> bool:
        match leaf:
            case Literal(text):
                return all(character in WHITE for character in text)
            case Chars(ranges, negated):
                return not negated and all(low in WHITE and high in WHITE for low, high in ranges)
            case Reference(rule):
                return rule in self._white
        return False

    def _leftmost(self, node: Node) -> Iterator[str]:
        match node:
            case Reference(rule):
                yield rule
            case Choice(options):
                for option in options:
                    yield from self._leftmost(option)
            case Repeat(body):
                yield from self._leftmost(body)
            case Sequence(parts):
                for part in parts:
                    yield from self._leftmost(part)
                    if not self.is_nullable(part):
                        return

    def _find_lengths(self, order: list[str]) -> None:
        """The fewest and most characters of each rule; a circle has no end."""
        for name in order:
            self._lengths[name] = self._length(self._bodies[name])

    def _length(self, node: Node) -> tuple[float, float]:
        match node:
            case Literal(text):
                return len(text), len(text)
            case Reference(rule):
                return self._lengths.get(rule, (inf, inf))
            case Sequence(parts):
                lengths = [self._length(part) for part in parts]
                return sum(low for low, _ in lengths), sum(high for _, high in lengths)
            case Choice(options):
                lengths = [self._length(option) for option in options]
                return min(low for low, _ in lengths), max(high for _, high in lengths)
            case Repeat(body, least, most):
                low, high = self._length(body)
                return (least * low if least else 0), (inf if most is None else most * high if most else 0)
        return 1, 1


def _references(node: Node) -> Iterator[str]:
    return (part.rule for part in walk(node) if isinstance(part, Reference))
