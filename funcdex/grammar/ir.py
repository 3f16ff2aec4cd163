"""The tree of a grammar, before any notation of it: rules whose bodies are made of eight kinds of node.

Nothing here belongs to a dialect. Where dialects need different forms of one thing (a text region has to
be a single lexeme in one and a set of rules in another), the tree names the thing: `Region`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this text; `""` is the empty string."""

    text: str


@dataclass(frozen=True, slots=True)
class Chars:
    """One character in (or, `negated`, outside) these ranges of characters, both ends included."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """The body of another rule."""

    rule: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after another; build it with `sequence`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several; build it with `choice`."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The body `least` to `most` times, both included; `most` None is without end."""

    body: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a conversation, up to and including what tells their end (`regions` says which words).

    `line`: a line break and the `<` of the next tag. `tag`: only that `<`. `end`: nothing, the text is the
    last of the conversation.
    """

    until: OneOf["line", "tag", "end"]


@dataclass(frozen=True, slots=True)
class JsonString:
    """A JSON string with its quotes; `form` is a name of its own for every `content`.

    `content` is what stands between the quotes, escaped as JSON wants it; without it: any text.
    """

    form: str = "any"
    content: Node | None = None


@dataclass(frozen=True, slots=True)
class JsonInteger:
    """An integer in JSON, `least` to `most`, both included."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A number in JSON between two bounds, where None is none; `above` and `below`: without the bound itself.

    A number with a bound has no exponent, unless it only must not be negative."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: bool = False
    below: bool = False


Region = Text | JsonString | JsonInteger | JsonNumber
"""Leaves with a regular language, which each dialect writes in the form that its engines like best."""

Node = Literal | Chars | Reference | Sequence | Choice | Repeat | Region

EMPTY = Literal("")


@dataclass(frozen=True, slots=True)
class Tree:
    """All rules by name, in the order in which they are read best; `root` is where the language begins.

    Names are lower-case words of letters and digits, joined by `-`.
    """

    root: str
    rules: Mapping[str, Node]

    def digest(self) -> str:
        """16 hexadecimal digits that say which tree this is."""
        written = repr((self.root, tuple(self.rules.items())))
        return hashlib.sha256(written.encode()).hexdigest()[:16]

    def regions(self) -> tuple[Region, ...]:
        """The regions in use, each once, in the order in which they first occur."""
        found = (node for body in self.rules.values() for node in walk(body))
        return tuple(dict.fromkeys(node for node in found if isinstance(node, Region)))


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes in it, without following references."""
    yield node
    match node:
        case Sequence(parts):
            inner = parts
        case Choice(options):
            inner = options
        case Repeat(body):
            inner = (body,)
        case _:
            inner = ()
    for part in inner:
        yield from walk(part)


def sequence(*parts: Node) -> Node:
    """The parts one after another: nested sequences opened, empty literals gone.

    Neighbouring literals stay apart. To an engine that cuts its input into lexemes each literal is one, and
    of two lexemes that could stand in the same place none may be the beginning of the other.
    """
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Sequence) else (part,))
    kept = tuple(part for part in flat if part != EMPTY)
    if not kept:
        return EMPTY
    return kept[0] if len(kept) == 1 else Sequence(kept)


def choice(*options: Node) -> Node:
    """One of the options: nested choices opened, repetitions dropped. At least one option."""
    flat: list[Node] = []
    for option in options:
        flat.extend(option.options if isinstance(option, Choice) else (option,))
    distinct = tuple(dict.fromkeys(flat))
    return distinct[0] if len(distinct) == 1 else Choice(distinct)


def optional(node: Node) -> Node:
    """The node or nothing."""
    return Repeat(node, 0, 1)
