"""Which characters can stand right behind each region of a tree: what a lookahead may demand.

In `{"a": STRING, "b": STRING}` those behind a string are `,` and `}`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from funcdex.grammar.ir import Chars, Choice, Literal, Node, Reference, Region, Repeat, Sequence, Tree
from funcdex.grammar.regions import pattern

_Span = tuple[int, int]
_Spans = frozenset[_Span]
_Use = tuple[str | Region, _Spans, bool]
"""A rule or region used in a body, what follows it there, and whether it can end the body."""
_NOTHING: _Spans = frozenset()
_LAST = sys.maxunicode


def followers(tree: Tree) -> dict[Region, Chars | None]:
    """For each region the characters that can follow it somewhere in the tree; None: nothing ever does."""
    behind = _Followers(tree).behind
    return {region: _as_chars(behind.get(region, _NOTHING)) for region in tree.regions()}


@dataclass
class _Followers:
    """FIRST and FOLLOW sets of the textbooks, for rules and regions, until nothing is added any more."""

    tree: Tree
    behind: dict[str | Region, _Spans] = field(default_factory=dict)
    _first: dict[str, _Spans] = field(default_factory=dict)
    _empty: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        while self._firsts_grew():
            pass
        # A rule is mostly added after those it refers to, so users of a rule come late in the tree.
        uses = [
            (name, use)
            for name, body in reversed(list(self.tree.rules.items()))
            for use in self._uses(body, _NOTHING, last=True)
        ]
        while self._behinds_grew(uses):
            pass

    def _firsts_grew(self) -> bool:
        before = (len(self._empty), dict(self._first))
        for name, body in self.tree.rules.items():
            self._first[name] = self._first.get(name, _NOTHING) | self._first_of(body)
            if can_be_empty(body, self._empty):
                self._empty.add(name)
        return before != (len(self._empty), self._first)

    def _behinds_grew(self, uses: list[tuple[str, _Use]]) -> bool:
        grew = False
        for rule, (used, spans, last) in uses:
            known = self.behind.get(used, _NOTHING)
            now = known | spans | (self.behind.get(rule, _NOTHING) if last else _NOTHING)
            if len(now) > len(known):
                self.behind[used] = now
                grew = True
        return grew

    def _uses(self, node: Node, behind: _Spans, *, last: bool) -> Iterator[_Use]:
        """Rules and regions in part of a body. `behind` may follow the part, which may be `last` there."""
        match node:
            case Sequence(parts):
                for part in reversed(parts):
                    yield from self._uses(part, behind, last=last)
                    empty = can_be_empty(part, self._empty)
                    behind = self._first_of(part) | (behind if empty else _NOTHING)
                    last = last and empty
            case Choice(options):
                for option in options:
                    yield from self._uses(option, behind, last=last)
            case Repeat(body, _, most):
                again = _NOTHING if most == 1 else self._first_of(body)
                yield from self._uses(body, behind | again, last=last)
            case Literal() | Chars():
                pass
            case _:
                yield node.rule if isinstance(node, Reference) else node, behind, last

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
            if not can_be_empty(part, self._empty):
                break
        return first


def can_be_empty(node: Node, empty_rules: Collection[str] = ()) -> bool:
    """Whether the empty text is in the node's language, given the rules of which that is known."""
    match node:
        case Literal(text):
            return not text
        case Reference(rule):
            return rule in empty_rules
        case Sequence(parts):
            return all(can_be_empty(part, empty_rules) for part in parts)
        case Choice(options):
            return any(can_be_empty(option, empty_rules) for option in options)
        case Repeat(body, least, _):
            return least == 0 or can_be_empty(body, empty_rules)
        case Chars():
            return False
        case _:
            return can_be_empty(pattern(node, flat=False))


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
