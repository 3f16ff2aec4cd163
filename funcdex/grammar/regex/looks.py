"""Lookaheads worked out: `^(?!aws:)[a-z:]+$` as a pattern without them, and what two patterns have in common.

A text is read one character at a time. What may follow is kept as a state: the ways on, each with what is
left of the pattern (its derivative) and what is still looked for, or must not come. Where nothing is looked
for any more, what is left of the pattern stands as it is. The states and the characters between them become
a tree again in `graph.py`, which leaves out texts such as `-_-_-_` where that keeps its loops plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from funcdex.grammar.regex.char_sets import EVERY, Ranges, common, complement, plain, tidy
from funcdex.grammar.regex.graph import END, Graph, Writer
from funcdex.grammar.regex.tree import (
    ANY_TEXT,
    NOTHING,
    CannotWrite,
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

MAX_STATES = 160
MAX_PARTS = 120

Maybe = Regex | None
"""A tree, or None for no text at all."""
Looks = tuple[tuple[Regex, bool], ...]
"""What the rest of the text has to match, or, where the bool says so, must not; without edges."""


@dataclass(frozen=True, slots=True)
class _Way:
    """What is left of the pattern, and what is looked for beside it."""

    rest: Regex
    looks: Looks


_State = tuple[_Way, ...]


def resolved(tree: Regex) -> Maybe:
    """The tree without its lookaheads and ends of text. What is looked for has to reach to the end of the
    text, and has no edges. Raises CannotWrite."""
    return Writer(_followed([_Way(_judged(tree, widely=False), ())])).tree()


def in_both(one: Regex, other: Regex) -> Regex:
    """The texts of both trees, which have no edges. Raises CannotWrite, with `empty` if there are none."""
    common_ways = _Way(_judged(one, widely=False), ((_judged(other, widely=False), False),))
    made = Writer(_followed([common_ways])).tree()
    if made is None:
        raise CannotWrite("empty")
    return made


def is_within(inner: Regex, outer: Regex) -> bool:
    """Whether every text of one tree is one of the other's; both without edges. Raises CannotWrite."""
    beyond = _Way(_judged(inner, widely=False), ((_judged(outer, widely=False), True),))
    return not _followed([beyond]).has_texts()


def _judged(tree: Regex, *, widely: bool) -> Regex:
    """The tree with sets that nobody disagrees about: what some reader might find must not be there; what is
    to be there, every reader has to find."""
    match tree:
        case One(chars):
            return One(plain(chars.maybe if widely else chars.sure))
        case Then(parts):
            return then(*(_judged(part, widely=widely) for part in parts))
        case Or(options):
            return one_of(*(_judged(option, widely=widely) for option in options))
        case Times(body, least, most):
            return times(_judged(body, widely=widely), least, most)
        case Look(body, behind, negative):
            return Look(_judged(body, widely=widely != negative), behind, negative)
        case Edge("end"):
            return Look(then(One(plain(EVERY)), ANY_TEXT), False, True)
        case _:
            raise CannotWrite("edges")


def _followed(ways: list[_Way]) -> Graph:
    """All states that the ways lead to, by number, from 0."""
    start = _tidied(ways)
    graph = Graph()
    numbers = {start: 0}
    ahead = [start]
    while ahead:
        state = ahead.pop()
        here = numbers[state]
        if all(not way.looks and not _has_looks(way.rest) for way in state):
            if state:
                graph.step(here, one_of(*(way.rest for way in state)), END)
            continue
        if any(_ends(way) for way in state):
            graph.step(here, NOTHING, END)
        for ranges, after in _steps(state):
            if after not in numbers:
                numbers[after] = len(numbers)
                ahead.append(after)
                if len(numbers) > MAX_STATES:
                    raise CannotWrite("lookaround")
            graph.step(here, One(plain(ranges)), numbers[after])
    return graph


def _steps(state: _State) -> list[tuple[Ranges, _State]]:
    """The next characters, in sets that lead to one state each."""
    found: dict[_State, Ranges] = {}
    heads = [(head, way.looks) for way in state for head in _heads(way.rest)]
    sets = [head.chars for head, _ in heads]
    sets += [chars for head, looks in heads for body, _ in (*looks, *head.looks) for chars in _first(body)]
    for ranges in _partition(sets):
        after = _tidied(
            _Way(head.rest, left)
            for head, looks in heads
            if common(head.chars, ranges)
            for left in [_looks_after((*looks, *head.looks), ranges)]
            if left is not None
        )
        if after:
            found[after] = tidy((*found.get(after, ()), *ranges))
    return [(chars, after) for after, chars in found.items()]


def _partition(sets: Iterable[Ranges]) -> list[Ranges]:
    """Parts of all characters, each within or without every one of the sets."""
    parts: list[Ranges] = [EVERY]
    for ranges in dict.fromkeys(sets):
        outside = complement(ranges)
        parts = [part for whole in parts for part in (common(whole, ranges), common(whole, outside)) if part]
        if len(parts) > MAX_PARTS:
            raise CannotWrite("lookaround")
    return parts


def _tidied(ways: Iterable[_Way]) -> _State:
    """The ways in an order of their own, without those that are there with fewer demands."""
    kept = sorted({_Way(way.rest, _sorted(way.looks)) for way in ways}, key=repr)
    return tuple(way for way in kept if not any(_has_all_of(other, way) for other in kept if other != way))


def _has_all_of(one: _Way, other: _Way) -> bool:
    """Whether every text of the other way is plainly one of this as well."""
    return one.rest in (other.rest, ANY_TEXT) and set(one.looks) <= set(other.looks)


def _sorted(looks: Looks) -> Looks:
    return tuple(sorted(set(looks), key=repr))


def _looks_after(looks: Looks, ranges: Ranges) -> Looks | None:
    """What is looked for behind such a character, without what is decided; None if it cannot come true."""
    left: list[tuple[Regex, bool]] = []
    for body, negative in looks:
        after = _after(body, ranges)
        if after is not None and after != ANY_TEXT:
            left.append((after, negative))
        elif (after is None) != negative:
            return None
    return tuple(left)


def _ends(way: _Way) -> bool:
    """Whether the text may stop here."""
    return any(
        all((shortest(body) == 0) != negative for body, negative in (*way.looks, *looks))
        for looks in _empties(way.rest)
    )


@dataclass(frozen=True, slots=True)
class _Head:
    """A first character of a tree, what is left behind it, and what has to be looked for in front of it."""

    chars: Ranges
    rest: Regex
    looks: Looks = ()


def _heads(tree: Regex) -> Iterator[_Head]:
    match tree:
        case One(chars):
            yield _Head(chars.sure, NOTHING)
        case Or(options):
            for option in options:
                yield from _heads(option)
        case Then(parts):
            before: list[Looks] = [()]
            for place, part in enumerate(parts):
                for head, looks in product(_heads(part), before):
                    yield _Head(head.chars, then(head.rest, *parts[place + 1 :]), (*looks, *head.looks))
                before = [(*looks, *more) for looks in before for more in _empties(part)]
                if not before:
                    break
        case Times(body, least, most):
            if most != 1 and any(_empties(body)):
                raise CannotWrite("lookaround")  # an empty round that looks ahead
            onward = times(body, max(least - 1, 0), None if most is None else most - 1)
            for head in _heads(body):
                yield _Head(head.chars, then(head.rest, onward), head.looks)
        case _:
            return


def _empties(tree: Regex) -> list[Looks]:
    """The ways to pass the tree without a character, each with what is looked for then."""
    match tree:
        case Or(options):
            return [looks for option in options for looks in _empties(option)]
        case Then(parts):
            found = product(*(_empties(part) for part in parts))
            return [tuple(look for looks in chosen for look in looks) for chosen in found]
        case Times(body, least, _):
            return _empties(body) if least else [()]
        case Look(body, False, negative):
            return [((body, negative),)]
        case Look() | Edge():
            raise CannotWrite("lookaround")
        case _:
            return []


def _has_looks(tree: Regex) -> bool:
    match tree:
        case Look():
            return True
        case Then(parts) | Or(parts):
            return any(map(_has_looks, parts))
        case Times(body):
            return _has_looks(body)
        case _:
            return False


def _first(tree: Regex) -> list[Ranges]:
    """The sets that a text of the tree may begin with."""
    return [head.chars for head in _heads(tree)]


def _after(tree: Regex, ranges: Ranges) -> Maybe:
    """What is left of a tree without edges behind a character of a set that it does not tell apart."""
    found = [head.rest for head in _heads(tree) if common(head.chars, ranges)]
    if not found:
        return None
    return ANY_TEXT if ANY_TEXT in found else one_of(*sorted(found, key=repr))
