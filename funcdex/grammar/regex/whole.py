"""A regular expression that is searched for, as one that matches whole texts and has no edges in it.

JSON Schema's `pattern` may match anywhere: `b$` stands for every text that ends in b.
"""

from __future__ import annotations

from itertools import product

from funcdex.grammar.regex.char_sets import ANYTHING
from funcdex.grammar.regex.tree import (
    NOTHING,
    Edge,
    Look,
    One,
    Or,
    Regex,
    Then,
    Times,
    one_of,
    shortest,
    then,
    times,
)

ANY_TEXT = Times(One(ANYTHING), 0, None)
MAX_OPTIONS = 64


class CannotWrite(Exception):
    """No grammar of ours says this; the argument is a short cause."""


def whole(tree: Regex) -> Regex:
    """The texts in which the tree matches somewhere. Raises CannotWrite."""
    options = [_whole_sequence(list(parts)) for parts in _sequences(tree)]
    kept = [option for option in options if option is not None]
    if not kept:
        raise CannotWrite("edges")
    return ANY_TEXT if ANY_TEXT in kept else one_of(*kept)


def has_edges(tree: Regex) -> bool:
    """Whether there is an edge or a look in it."""
    match tree:
        case Edge() | Look():
            return True
        case Then(parts) | Or(parts):
            return any(has_edges(part) for part in parts)
        case Times(body):
            return has_edges(body)
        case _:
            return False


def _sequences(tree: Regex) -> list[tuple[Regex, ...]]:
    """Alternatives, with every choice that has edges in it multiplied out."""
    match tree:
        case Or(options):
            found = [parts for option in options for parts in _sequences(option)]
        case Then(parts) if any(isinstance(part, Or | Then) and has_edges(part) for part in parts):
            each = [_sequences(part) if has_edges(part) else [(part,)] for part in parts]
            size = 1
            for some in each:
                size *= len(some)
            if size > MAX_OPTIONS:
                raise CannotWrite("size")
            found = [tuple(part for parts in chosen for part in parts) for chosen in product(*each)]
        case Then(parts):
            found = [parts]
        case _:
            found = [(tree,)]
    if len(found) > MAX_OPTIONS:
        raise CannotWrite("size")
    return found


def _whole_sequence(parts: list[Regex]) -> Regex | None:
    """None where an edge stands in a place that it can never have (`a^b`)."""
    begins = ends = False
    while parts and parts[0] == Edge("begin"):
        begins = bool(parts.pop(0))
    while parts and parts[-1] == Edge("end"):
        ends = bool(parts.pop())
    for place, part in enumerate(parts):
        if isinstance(part, Edge) and part.kind in ("begin", "end"):
            beyond = parts[:place] if part.kind == "begin" else parts[place + 1 :]
            if any(shortest(other) for other in beyond):
                return None
        if has_edges(part):
            raise CannotWrite("lookaround" if isinstance(part, Look) else "edges")
    if not begins:
        parts = [ANY_TEXT, *_needed(parts)]
    if not ends:
        parts = [*_needed(parts[::-1])[::-1], ANY_TEXT]
    return then(*parts) if parts else NOTHING


def _needed(parts: list[Regex]) -> list[Regex]:
    """The parts beside any text: repetitions next to it cut down to the least."""
    if not parts or not isinstance(parts[0], Times):
        return parts
    first = parts[0]
    shorter = times(first.body, first.least, first.least)
    return _needed(parts[1:]) if shorter == NOTHING else [shorter, *parts[1:]]
