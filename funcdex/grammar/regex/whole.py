"""A regular expression that is searched for, as one that matches whole texts and has no edges in it.

JSON Schema's `pattern` may match anywhere: `b$` stands for every text that ends in b.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from funcdex.grammar.regex.looks import resolved
from funcdex.grammar.regex.tree import (
    ANY_TEXT,
    NOTHING,
    CannotWrite,
    Edge,
    Look,
    Or,
    Regex,
    Then,
    Times,
    one_of,
    shortest,
    then,
    times,
)

MAX_OPTIONS = 64
_BEGIN, _END = Edge("begin"), Edge("end")
_WORDS = (Edge("word"), Edge("no word"))


def whole(tree: Regex, simplified: Callable[[Regex], Regex]) -> Regex:
    """The texts in which the tree matches somewhere; `simplified` makes trees easier to follow.

    Raises CannotWrite."""
    options = [_whole_sequence(list(parts), simplified) for parts in _sequences(tree)]
    kept = [option for option in options if option is not None]
    if not kept:
        raise CannotWrite("empty")
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


def _whole_sequence(parts: list[Regex], simplified: Callable[[Regex], Regex]) -> Regex | None:
    """None where there is no such text: an edge stands in a place that it can never have (`a^b`)."""
    looks: list[Look] = []
    begins = ends = False
    while parts and isinstance(parts[0], Edge | Look) and parts[0] not in (_END, *_WORDS):
        first = parts.pop(0)
        if isinstance(first, Look):
            looks.append(first)
        begins = begins or first == _BEGIN
    while parts and parts[-1] == _END:
        ends = bool(parts.pop())
    if _is_contrary(parts):
        return None
    if not ends:
        parts = [*_needed(parts[::-1])[::-1], ANY_TEXT]
    if looks or any(has_edges(part) for part in parts):
        ahead = [_to_end(look, at_begin=begins) for look in looks]
        rest = [_looking(part, simplified) for part in parts]
        made = resolved(then(*ahead, *rest))
        return None if made is None else then(*([] if begins else [ANY_TEXT]), made)
    if not begins:
        parts = [ANY_TEXT, *_needed(parts)]
    return then(*parts) if parts else NOTHING


def _looking(tree: Regex, simplified: Callable[[Regex], Regex]) -> Regex:
    """The tree with what it looks for reaching to the end, and all else made easy to follow."""
    if not has_edges(tree):
        return simplified(tree)
    match tree:
        case Then(parts):
            return then(*(_looking(part, simplified) for part in parts))
        case Or(options):
            return one_of(*(_looking(option, simplified) for option in options))
        case Times(body, least, most):
            return times(_looking(body, simplified), least, most)
        case Look():
            return _to_end(tree, at_begin=False)
        case Edge("end"):
            return tree
        case _:
            raise CannotWrite("edges")


def _is_contrary(parts: list[Regex]) -> bool:
    for place, part in enumerate(parts):
        beyond = (
            {_BEGIN: parts[:place], _END: parts[place + 1 :]}.get(part, []) if isinstance(part, Edge) else []
        )
        if any(shortest(other) for other in beyond):
            return True
    return False


def _to_end(look: Look, *, at_begin: bool) -> Look:
    """A lookahead whose body has no edges and reaches to the end of the text."""
    if look.behind:
        raise CannotWrite("lookaround")
    options: list[Regex] = []
    for found in _sequences(look.body):
        parts = list(found)
        ends = False
        while at_begin and parts and parts[0] == _BEGIN:
            parts.pop(0)
        while parts and parts[-1] == _END:
            ends = bool(parts.pop())
        if any(has_edges(part) for part in parts):
            raise CannotWrite("lookaround")
        options.append(then(*parts, *([] if ends else [ANY_TEXT])))
    body = ANY_TEXT if ANY_TEXT in options else one_of(*options)
    return Look(body, False, look.negative)


def _needed(parts: list[Regex]) -> list[Regex]:
    """The parts beside any text: repetitions next to it cut down to the least."""
    if not parts or not isinstance(parts[0], Times) or has_edges(parts[0]):
        return parts
    first = parts[0]
    shorter = times(first.body, first.least, first.least)
    return _needed(parts[1:]) if shorter == NOTHING else [shorter, *parts[1:]]
