"""Whether a regular expression matches somewhere in a text, in bounded time, whatever the expression.

Python's `re` tries one way after the other, so `(a+)+$` takes longer than anyone waits on thirty letters.
Here all ways go together: a number's bits are the places in the text that the expression can have reached,
and each node of its tree moves them all at once. The steps are counted, and too many are refused.
"""

from __future__ import annotations

from funcdex.grammar.regex.char_sets import WORD, CharSet, Ranges, has
from funcdex.grammar.regex.parser import UnknownRegex, parse_regex
from funcdex.grammar.regex.tree import Edge, Look, One, Or, Regex, Then, Times

MAX_STEPS = 50_000
MAX_WORK = 20_000_000
"""Steps times places: of the order of a second at most."""


class TooCostly(Exception):
    """Matching would take too long."""


def search(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text. Raises UnknownRegex, TooCostly."""
    return _Search(text).found(parse_regex(pattern))


class _Search:
    def __init__(self, text: str) -> None:
        self._text = text
        self._places = (1 << (len(text) + 1)) - 1
        self._masks: dict[CharSet, int] = {}
        self._steps = 0

    def found(self, tree: Regex) -> bool:
        return bool(self._after(tree, self._places))

    def _after(self, node: Regex, at: int) -> int:
        """The places where the node can end if it begins at one of the places `at`."""
        self._steps += 1
        if self._steps > MAX_STEPS or self._steps * len(self._text) > MAX_WORK * 64:
            raise TooCostly("it takes too long to match")
        if not at:
            return 0
        match node:
            case One(chars):
                return (at & self._mask(chars)) << 1
            case Then(parts):
                for part in parts:
                    at = self._after(part, at)
                return at
            case Or(options):
                reached = 0
                for option in options:
                    reached |= self._after(option, at)
                return reached
            case Times():
                return self._repeated(node, at)
            case Edge(kind):
                return at & self._edge(kind)
            case Look():
                return self._looked(node, at)

    def _repeated(self, node: Times, at: int) -> int:
        for _ in range(node.least):
            at = self._after(node.body, at)
            if not at:
                return 0
        reached = fresh = at
        left = None if node.most is None else node.most - node.least
        while fresh and left != 0:
            after = self._after(node.body, fresh)
            # With a bound, a place reached again later is no news either: it was reached with more left.
            fresh = after & ~reached
            reached |= after
            left = None if left is None else left - 1
        return reached

    def _looked(self, node: Look, at: int) -> int:
        kept = 0
        for place in _bits(at):
            if node.behind:
                there = bool(self._after(node.body, (1 << (place + 1)) - 1) >> place & 1)
            else:
                there = bool(self._after(node.body, 1 << place))
            if there != node.negative:
                kept |= 1 << place
        return kept

    def _mask(self, chars: CharSet) -> int:
        """The places at which a character of the set follows."""
        if chars not in self._masks:
            self._masks[chars] = _mask(chars.ecma, self._text)
        return self._masks[chars]

    def _edge(self, kind: str) -> int:
        if kind == "begin":
            return 1
        if kind == "end":
            return 1 << len(self._text)
        word = self._mask(WORD)
        changes = (word ^ (word << 1)) & self._places
        return changes if kind == "word" else self._places & ~changes


def _mask(ranges: Ranges, text: str) -> int:
    known = {char: has(ranges, ord(char)) for char in set(text)}
    digits = "".join("1" if known[char] else "0" for char in reversed(text))
    return int(digits or "0", 2)


def _bits(number: int) -> list[int]:
    return [place for place, digit in enumerate(reversed(bin(number)[2:])) if digit == "1"]


__all__ = ["TooCostly", "UnknownRegex", "search"]
