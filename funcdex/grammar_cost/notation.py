"""A grammar from anywhere as rules of nodes (`funcdex.grammar.ir`), whatever notation it is in.

The readers are tolerant: what they do not know (directives, macros, JSON Schemas inside a grammar) becomes a
literal, so that the rest can be looked at. They are no judges of what a server will take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal as OneOf

from funcdex.errors import GrammarError
from funcdex.grammar.ir import EMPTY, Literal, Node, Reference, Repeat, choice, sequence

MAX_BYTES = 4_000_000
MAX_DEPTH = 150
MAX_COUNT = 1_000_000_000

FOREIGN = Literal("\ufdd0")
"""Stands for what the readers do not know; a character that no text holds."""

Notation = OneOf["bnf", "lark"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One definition and its line, from 1."""

    name: str
    line: int
    body: Node


@dataclass(frozen=True, slots=True)
class Rules:
    """All definitions in order. `used`: names that directives use. `provided`: names defined elsewhere."""

    notation: Notation
    rules: tuple[Rule, ...]
    used: frozenset[str] = frozenset()
    provided: frozenset[str] = frozenset()

    @property
    def root(self) -> str:
        """The rule where the language begins: `root` or `start`, otherwise the first."""
        names = [rule.name for rule in self.rules]
        return next((name for name in ("root", "start") if name in names), names[0])


Kind = OneOf["name", "node", "mark", "count", "lookahead"]


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a grammar's text. `node` for literals and classes, `counts` for `{2,5}`."""

    kind: Kind
    text: str
    line: int
    node: Node = EMPTY
    counts: tuple[int, int | None] = (0, None)


def check_size(text: str) -> None:
    """Raises GrammarError for a text that no grammar needs."""
    if len(text) > MAX_BYTES:
        raise GrammarError(
            f"a grammar of {len(text)} characters", where="grammar", fix=f"{MAX_BYTES} are read at most."
        )


def fault(what: str, line: int) -> GrammarError:
    """A part of a grammar that cannot be read."""
    return GrammarError(what, where=f"line {line}", fix="Correct the grammar.")


@dataclass(slots=True)
class Expressions:
    """Reads the right-hand side of a rule from tokens: choices of sequences of repeated atoms.

    `opens` gives for each opening bracket its closing one and what the brackets mean."""

    tokens: Sequence[Token]
    opens: dict[str, tuple[str, Callable[[Node], Node]]]
    position: int = 0
    _depth: int = field(default=0, init=False)

    def node(self, line: int) -> Node:
        """The whole, to the last token. Raises GrammarError."""
        found = self._choice()
        if self.position < len(self.tokens):
            token = self.tokens[self.position]
            raise fault(f"unexpected {token.text[:20]!r}", token.line or line)
        return found

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._at("|"):
            self.position += 1
            options.append(self._sequence())
        return choice(*options)

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if token.kind == "lookahead":
                self.position += 1
                self._inside(")", token)
            elif token.kind in ("name", "node") or token.text in self.opens:
                parts.append(self._repeated(self._atom(token)))
            else:
                break
        return sequence(*parts)

    def _atom(self, token: Token) -> Node:
        self.position += 1
        if token.kind == "name":
            return Reference(token.text)
        if token.kind == "node":
            return token.node
        close, meaning = self.opens[token.text]
        return meaning(self._inside(close, token))

    def _inside(self, close: str, opened: Token) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise fault(f"brackets nested more than {MAX_DEPTH} deep", opened.line)
        found = self._choice()
        self._depth -= 1
        if not self._at(close):
            raise fault(f"{opened.text!r} is never closed", opened.line)
        self.position += 1
        return found

    def _repeated(self, atom: Node) -> Node:
        # Suffixes on suffixes are counted, so that ten thousand of them are no ten thousand levels.
        suffixes = 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(token.text, token.counts)
            if token.kind != "count" and token.text not in ("*", "+", "?"):
                break
            suffixes += 1
            if suffixes > MAX_DEPTH:
                raise fault("too many repetitions of repetitions", token.line)
            atom = Repeat(atom, *bounds)
            self.position += 1
        return atom

    def _at(self, mark: str) -> bool:
        return (
            self.position < len(self.tokens)
            and self.tokens[self.position].kind == "mark"
            and self.tokens[self.position].text == mark
        )


def definitions(tokens: Sequence[Token], mark: str) -> list[tuple[Token, list[Token]]]:
    """Tokens cut into definitions: a name, `mark`, then all up to the next such pair. Raises GrammarError."""
    starts = [
        n
        for n, (one, two) in enumerate(zip(tokens, tokens[1:], strict=False))
        if one.kind == "name" and two.kind == "mark" and two.text == mark
    ]
    if not starts or starts[0] != 0:
        line = tokens[0].line if tokens else 1
        raise fault(f"no rule begins here: a name and {mark!r} were expected", line)
    ends = [*starts[1:], len(tokens)]
    return [(tokens[start], list(tokens[start + 2 : end])) for start, end in zip(starts, ends, strict=True)]


def counts_of(text: str, line: int) -> tuple[int, int | None]:
    """`{3}`, `{2,}`, `{2,5}` as bounds. Raises GrammarError."""
    least, comma, most = text.strip("{} ").partition(",")
    try:
        low = int(least or 0)
        high = (int(most) if most.strip() else None) if comma else low
    except ValueError as error:
        raise fault(f"{text[:20]!r} is no repetition", line) from error
    if low > MAX_COUNT or (high is not None and not low <= high <= MAX_COUNT):
        raise fault(f"{text[:20]!r} is no repetition", line)
    return low, high
