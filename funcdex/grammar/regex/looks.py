"""Lookaheads at the beginning of a pattern, worked out: `^(?!aws:)[a-z:]+$` as a pattern without them.

The rest of the pattern and what is looked for are followed side by side, one set of characters at a time, by
what is left of each behind such a character (its derivative). Where nothing is looked for any more, what is
left of the pattern stands as it is. So a tree comes of it as long as looking never goes round in a circle of
more than one step: `(?!\\s*$)` does not. Longer circles are given up.
"""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.grammar.regex.char_sets import CharSet, Ranges, common, complement, plain
from funcdex.grammar.regex.tree import (
    ANY_TEXT,
    NOTHING,
    CannotWrite,
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

MAX_STATES = 120

Maybe = Regex | None
"""A tree, or None for no text at all."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is left: of the pattern, and of each thing looked for (and whether it must not be found)."""

    rest: Regex
    looks: tuple[tuple[Maybe, bool], ...]


def resolved(looks: list[tuple[Regex, bool]], rest: Regex) -> Regex:
    """The texts of `rest` that are also texts of each body that is looked for, and, where the bool says that
    it must not be found, are none of its texts. All of them without edges. Raises CannotWrite."""
    # What some reader might find must not be there; what is to be there, every reader has to find.
    begun: list[tuple[Maybe, bool]] = [(_judged(body, negative), negative) for body, negative in looks]
    made = _Resolver().texts(_State(_judged(rest, False), tuple(begun)), ())
    if made is None:
        raise CannotWrite("empty")
    return made


def _judged(tree: Regex, widely: bool) -> Regex:
    """The tree with sets that nobody disagrees about."""
    match tree:
        case One(chars):
            return One(plain(chars.maybe if widely else chars.sure))
        case Then(parts):
            return then(*(_judged(part, widely) for part in parts))
        case Or(options):
            return one_of(*(_judged(option, widely) for option in options))
        case Times(body, least, most):
            return times(_judged(body, widely), least, most)
        case _:
            raise CannotWrite("lookaround")


class _Resolver:
    def __init__(self) -> None:
        self._count = 0

    def texts(self, state: _State, above: tuple[_State, ...]) -> Maybe:
        """The texts of a state; None if there are none."""
        state = _tidied(state)
        if any(_hopeless(look) for look in state.looks):
            return None
        if not state.looks:
            return state.rest
        if state in above:
            raise CannotWrite("lookaround")
        self._count += 1
        if self._count > MAX_STATES:
            raise CannotWrite("lookaround")
        loop: list[Regex] = []
        onward: list[Regex] = []
        if _ends(state):
            onward.append(NOTHING)
        for chars, after in _steps(state):
            if after == state:
                loop.append(One(chars))
                continue
            following = self.texts(after, (*above, state))
            if following is not None:
                onward.append(then(One(chars), following))
        if not onward:
            return None
        return then(times(one_of(*loop), 0, None), one_of(*onward)) if loop else one_of(*onward)


def _tidied(state: _State) -> _State:
    """Without what is decided: a ban on what cannot come any more, a demand that is met whatever follows."""
    open_looks = dict.fromkeys(
        (body, negative)
        for body, negative in state.looks
        if not (body is None and negative) and not (body == ANY_TEXT and not negative)
    )
    return _State(state.rest, tuple(open_looks))


def _hopeless(look: tuple[Maybe, bool]) -> bool:
    body, negative = look
    return (body == ANY_TEXT and negative) or (body is None and not negative)


def _ends(state: _State) -> bool:
    """Whether the text may stop here."""
    met = all((body is not None and shortest(body) == 0) != negative for body, negative in state.looks)
    return met and shortest(state.rest) == 0


def _steps(state: _State) -> list[tuple[CharSet, _State]]:
    """The next characters, in sets that lead to one state each."""
    found: dict[_State, CharSet] = {}
    bodies = [body for body, _ in state.looks if body is not None]
    for ranges in _partition([state.rest, *bodies]):
        rest = _after(state.rest, ranges)
        if rest is None:
            continue
        looks = tuple((None if body is None else _after(body, ranges), bad) for body, bad in state.looks)
        after = _tidied(_State(rest, looks))
        found[after] = found[after] | plain(ranges) if after in found else plain(ranges)
    return [(chars, after) for after, chars in found.items()]


def _partition(trees: list[Regex]) -> list[Ranges]:
    """Sets of characters within which all these trees see no difference, but those that none begins with."""
    parts: list[Ranges] = [((0, 0x10FFFF),)]
    for chars in dict.fromkeys(chars for tree in trees for chars in _first(tree)):
        ranges = chars.sure
        outside = complement(ranges)
        parts = [part for whole in parts for part in (common(whole, ranges), common(whole, outside)) if part]
        if len(parts) > MAX_STATES:
            raise CannotWrite("lookaround")
    return parts


def _first(tree: Regex) -> list[CharSet]:
    """The sets that a text of the tree may begin with."""
    match tree:
        case One(chars):
            return [chars]
        case Then(parts):
            found: list[CharSet] = []
            for part in parts:
                found.extend(_first(part))
                if shortest(part):
                    break
            return found
        case Or(options):
            return [chars for option in options for chars in _first(option)]
        case Times(body):
            return _first(body)
        case _:
            raise CannotWrite("lookaround")


def _after(tree: Regex, ranges: Ranges) -> Maybe:
    """What is left of the tree behind a character of a set that it does not tell apart."""
    match tree:
        case One(chars):
            return NOTHING if common(chars.sure, ranges) else None
        case Or(options):
            return _any_of([_after(option, ranges) for option in options])
        case Then(parts):
            if not parts:
                return None
            head, tail = parts[0], then(*parts[1:]) if len(parts) > 1 else NOTHING
            begun = _after(head, ranges)
            found = [None if begun is None else then(begun, tail)]
            if shortest(head) == 0:
                found.append(_after(tail, ranges))
            return _any_of(found)
        case Times(body, least, most):
            begun = _after(body, ranges)
            if begun is None:
                return None
            return then(begun, times(body, max(least - 1, 0), None if most is None else most - 1))
        case _:
            raise CannotWrite("lookaround")


def _any_of(trees: list[Maybe]) -> Maybe:
    found = [tree for tree in trees if tree is not None]
    if not found:
        return None
    return ANY_TEXT if ANY_TEXT in found else one_of(*found)
