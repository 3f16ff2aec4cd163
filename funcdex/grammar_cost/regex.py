"""Regular expressions, as Lark's terminals hold them, read into nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from funcdex.grammar.ir import Literal, Node, Repeat, choice, sequence
from funcdex.grammar_cost.characters import NOT_A_BREAK, class_of, escape_at
from funcdex.grammar_cost.notation import FOREIGN, MAX_DEPTH, counts_of, fault

_CLASS = re.compile(r"\[(\^?\]?(?:[^\]\\]|\\.)*)\]", re.S)
_COUNT = re.compile(r"\{\s*\d*\s*(?:,\s*\d*\s*)?\}")
_GROUP = re.compile(r"\((?P<flags>\?(?:[a-zA-Z-]*:|P?<\w+>))?")
_AROUND = re.compile(r"\(\?<?[=!]")


def read_regex(pattern: str, line: int) -> Node:
    """The expression as a node; looking around becomes an unknown. Raises GrammarError."""
    reader = _Reader(pattern, line)
    node = reader.choice(0)
    if reader.position < len(pattern):
        raise fault(f"unexpected ')' in /{pattern[:40]}/", line)
    return node


@dataclass(slots=True)
class _Reader:
    pattern: str
    line: int
    position: int = 0

    def choice(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise fault(f"groups nested more than {MAX_DEPTH} deep", self.line)
        options = [self._sequence(depth)]
        while self._next() == "|":
            self.position += 1
            options.append(self._sequence(depth))
        return choice(*options)

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom(depth)))
        return sequence(*parts)

    def _atom(self, depth: int) -> Node:
        character = self._next()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == "\\":
            found, self.position = escape_at(self.pattern, self.position, self.line)
            return Literal(found) if isinstance(found, str) else found
        self.position += 1
        if character in "^$":
            return Literal("")
        return NOT_A_BREAK if character == "." else Literal(character)

    def _group(self, depth: int) -> Node:
        around = _AROUND.match(self.pattern, self.position)
        opened = around or _GROUP.match(self.pattern, self.position)
        assert opened is not None
        self.position = opened.end()
        inner = self.choice(depth + 1)
        if self._next() != ")":
            raise fault(f"a group is never closed in /{self.pattern[:40]}/", self.line)
        self.position += 1
        return FOREIGN if around else inner

    def _set(self) -> Node:
        found = _CLASS.match(self.pattern, self.position)
        if found is None:
            raise fault(f"a class is never closed in /{self.pattern[:40]}/", self.line)
        self.position = found.end()
        return class_of(found[1], self.line)

    def _repeated(self, atom: Node) -> Node:
        for _ in range(MAX_DEPTH):
            count = _COUNT.match(self.pattern, self.position)
            if count:
                atom = Repeat(atom, *counts_of(count.group(), self.line))
                self.position = count.end()
            elif self._next() in ("*", "+", "?"):
                bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._next()]
                atom = Repeat(atom, *bounds)
                self.position += 1
            else:
                return atom
            # `*?` and `*+` say how to search, not what is found.
            if self._next() in ("?", "+"):
                self.position += 1
        raise fault("too many repetitions of repetitions", self.line)

    def _next(self) -> str:
        return self.pattern[self.position : self.position + 1]
