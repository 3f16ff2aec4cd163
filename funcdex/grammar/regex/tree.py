"""A regular expression as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funcdex.grammar.regex.char_sets import ANYTHING, CharSet


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Then:
    """One after another; of no parts: the empty text."""

    parts: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of several, at least one."""

    options: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """The body `least` to `most` times; `most` None is without end."""

    body: Regex
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A place in the text, not a part of it."""

    kind: Literal["begin", "end", "word", "no word"]


@dataclass(frozen=True, slots=True)
class Look:
    """Whether the body matches from here (or, `behind`, up to here)."""

    body: Regex
    behind: bool
    negative: bool


Regex = One | Then | Or | Times | Edge | Look

NOTHING = Then(())
ANY_TEXT = Times(One(ANYTHING), 0, None)


class CannotWrite(Exception):
    """No grammar of ours says this; the argument is a short cause."""


def then(*parts: Regex) -> Regex:
    """One after another, nested sequences opened."""
    flat: list[Regex] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Then) else (part,))
    return flat[0] if len(flat) == 1 else Then(tuple(flat))


def one_of(*options: Regex) -> Regex:
    """One of several, at least one: nested choices opened, repetitions dropped, single characters joined."""
    flat: list[Regex] = []
    for option in options:
        flat.extend(option.options if isinstance(option, Or) else (option,))
    singles = [option for option in flat if isinstance(option, One)]
    if len(singles) > 1:
        joined = singles[0].chars
        for single in singles[1:]:
            joined |= single.chars
        first = flat.index(singles[0])
        rest = [option for option in flat if not isinstance(option, One)]
        flat = [*rest[:first], One(joined), *rest[first:]]
    distinct = tuple(dict.fromkeys(flat))
    if NOTHING in distinct and len(distinct) > 1:
        return times(one_of(*(option for option in distinct if option != NOTHING)), 0, 1)
    return distinct[0] if len(distinct) == 1 else Or(distinct)


def times(body: Regex, least: int, most: int | None) -> Regex:
    """The body repeated."""
    if (least, most) == (1, 1):
        return body
    if isinstance(body, Times) and body.most is None and body.least <= 1 and least <= 1:
        # a+? is a*, as is a*+.
        return Times(body.body, min(least, body.least), None)
    return NOTHING if most == 0 or body == NOTHING else Times(body, least, most)


def shortest(node: Regex) -> int:
    """Fewest characters of a text that it matches."""
    match node:
        case One():
            return 1
        case Then(parts):
            return sum(shortest(part) for part in parts)
        case Or(options):
            return min(shortest(option) for option in options)
        case Times(body, least, _):
            return least * shortest(body)
        case _:
            return 0


def longest(node: Regex) -> int | None:
    """Most characters of a text that it matches; None without end."""
    match node:
        case One():
            return 1
        case Then(parts) | Or(parts):
            lengths = [longest(part) for part in parts]
            known = [length for length in lengths if length is not None]
            if len(known) < len(lengths):
                return None
            return sum(known) if isinstance(node, Then) else max(known)
        case Times(body, _, most):
            each = longest(body)
            return 0 if each == 0 else None if each is None or most is None else each * most
        case _:
            return 0
