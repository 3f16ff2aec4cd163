"""Which characters can stand right behind each region of a tree: what a lookahead may demand.

In `{"a": STRING, "b": STRING}` those behind a string are `,` and `}`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Region, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern

_Span = tuple[int, int]
_Spans = frozenset[_Span]
_NOTHING: _Spans = frozenset()
_LAST = sys.maxunicode


def followers(tree: Tree) -> dict[Region, Chars | None]:
    """For each region the characters that can follow it somewhere in the tree; None: nothing ever does."""
    found = _Followers(tree)
    return {region: _as_chars(found.behind_region(region)) for region in tree.regions()}


@dataclass
class _Followers:
    """FIRST and FOLLOW sets of the textbooks, for rules and regions, until nothing is added any more."""

    tree: Tree
    _first: dict[str, _Spans] = field(default_factory=dict)
    _empty: set[str] = field(default_factory=set)
    _behind: dict[str | Region, _Spans] = field(default_factory=dict)

    def __post_init__(self) -> None:
        while self._firsts_grew():
            pass
        while self._behinds_grew():
            pass

    def behind_region(self, region: Region) -> _Spans:
        return self._behind.get(region, _NOTHING)

    def _firsts_grew(self) -> bool:
        grew = False
        for name, body in self.tree.rules.items():
            first, known = self._first_of(body), self._first.get(name, _NOTHING)
            if not first <= known or (self._can_be_empty(body) and name not in self._empty):
                self._first[name] = known | first
                self._empty |= {name} if self._can_be_empty(body) else set()
                grew = True
        return grew

    def _behinds_grew(self) -> bool:
        grew = False
        for name, body in self.tree.rules.items():
            for leaf, behind in self._leaves(body, self._behind.get(name, _NOTHING)):
                known = self._behind.get(leaf, _NOTHING)
                if not behind <= known:
                    self._behind[leaf] = known | behind
                    grew = True
        return grew

    def _leaves(self, node: Node, behind: _Spans) -> Iterator[tuple[str | Region, _Spans]]:
        """The rules and regions in a body, each with what follows there, given what follows the body."""
        match node:
            case Reference(rule):
                yield rule, behind
            case Sequence(parts):
                for part in reversed(parts):
                    yield from self._leaves(part, behind)
                    behind = self._first_of(part) | (behind if self._can_be_empty(part) else _NOTHING)
            case Choice(options):
                for option in options:
                    yield from self._leaves(option, behind)
            case Repeat(body, _, most):
                again = _NOTHING if most == 1 else self._first_of(body)
                yield from self._leaves(body, behind | again)
            case Literal() | Chars():
                pass
            case _:
                yield node, behind

    def _first_of(self, node: Node) -> _Spans:
        match node:
            case Literal(text):
                return frozenset([(ord(text[0]), ord(text[0]))] if text else [])
            case Chars():
                return frozenset(_spans(node))
            case Reference(rule):
                return self._first.get(rule, _NOTHING)
            case Sequence(parts):
                return self._first_of_parts(parts)
            case Choice(options):
                return _NOTHING.union(*(self._first_of(option) for option in options))
            case Repeat(body):
                return self._first_of(body)
            case _:
                return self._first_of(pattern(node, flat=False))

    def _first_of_parts(self, parts: tuple[Node, ...]) -> _Spans:
        first = _NOTHING
        for part in parts:
            first |= self._first_of(part)
            if not self._can_be_empty(part):
                break
        return first

    def _can_be_empty(self, node: Node) -> bool:
        match node:
            case Literal(text):
                return not text
            case Reference(rule):
                return rule in self._empty
            case Sequence(parts):
                return all(self._can_be_empty(part) for part in parts)
            case Choice(options):
                return any(self._can_be_empty(option) for option in options)
            case Repeat(body, least, _):
                return least == 0 or self._can_be_empty(body)
            case Chars():
                return False
            case _:
                return self._can_be_empty(pattern(node, flat=False))


def _spans(chars: Chars) -> list[_Span]:
    spans = [(ord(low), ord(high)) for low, high in chars.ranges]
    if not chars.negated:
        return spans
    outside, begin = [], 0
    for low, high in sorted(spans):
        if begin < low:
            outside.append((begin, low - 1))
        begin = max(begin, high + 1)
    return [*outside, (begin, _LAST)] if begin <= _LAST else outside


def _as_chars(spans: _Spans) -> Chars | None:
    joined: list[_Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return Chars(tuple((chr(low), chr(high)) for low, high in joined)) if joined else None
