"""A regular expression held to lengths: every text of it that is so long, or, where saying that would take
counting in two places at once, some of these texts.

`[a-z]+` of at most 9 characters is `[a-z]{1,9}`. Of `[a-z]+-[a-z]+` it is `[a-z]{1,4}-[a-z]{1,4}`: each part
gets its share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from funcdex.grammar.regex.tree import (
    ANY_TEXT,
    NOTHING,
    CannotWrite,
    One,
    Or,
    Regex,
    Then,
    Times,
    longest,
    one_of,
    shortest,
    then,
    times,
)

ROUNDS = 2
"""How often a run of single characters is interrupted, as by the dots of an address, once it is counted."""
MAX_WRITTEN = 16
"""Ways to interrupt it so often: each is written out."""
MAX_ROUNDS = 24


@dataclass(slots=True)
class Fitter:
    """Holds trees without edges to lengths; `narrowed` says whether texts of such lengths were left out.

    Both methods raise CannotWrite, with `empty` if there are none."""

    narrowed: bool = field(default=False, init=False)

    def at_least(self, tree: Regex, least: int) -> Regex:
        """The texts of so many characters or more."""
        if shortest(tree) >= least:
            return tree
        _check_reach(tree, least)
        match tree:
            case Or(options):
                reaching = [each for each in options if _reach(each, least) >= least]
                return one_of(*(self.at_least(each, least) for each in reaching))
            case Then(parts):
                return self._grown(list(parts), least - shortest(tree))
            case Times(body, low, high):
                return self._repeated(body, low, high, least)
            case _:
                raise CannotWrite("length")

    def _grown(self, parts: list[Regex], missing: int) -> Regex:
        """The parts, made longer one after another, the one that can grow most first."""
        room = [_reach(part, shortest(part) + missing) - shortest(part) for part in parts]
        self.narrowed = self.narrowed or sum(map(bool, room)) > 1
        for place in sorted(range(len(parts)), key=lambda each: (-room[each], -each)):
            grown = min(missing, room[place])
            parts[place] = self.at_least(parts[place], shortest(parts[place]) + grown)
            missing -= grown
        return then(*parts)

    def _repeated(self, body: Regex, low: int, high: int | None, least: int) -> Regex:
        fewest, most = shortest(body), longest(body)
        if fewest == 0:
            self.narrowed = True
            rest = times(body, max(low - 1, 0), None if high is None else high - 1)
            return then(self.at_least(body, min(least, _reach(body, least))), rest)
        count = -(-least // fewest)
        self.narrowed = self.narrowed or fewest != most
        if high is not None and count > high:
            return times(self.at_least(body, -(-least // high)), high, high)
        return times(body, max(low, count), high)

    def at_most(self, tree: Regex, most: int) -> Regex:
        """The texts of so many characters or fewer."""
        if _reach(tree, most + 1) <= most:
            return tree
        if shortest(tree) > most:
            raise CannotWrite("empty")
        match tree:
            case Or(options):
                return one_of(*(self.at_most(each, most) for each in options if shortest(each) <= most))
            case Then(parts):
                shared = self._shared(_joined(parts), most - shortest(tree))
                return then(*_joined(shared.parts)) if isinstance(shared, Then) else shared
            case Times():
                return self._fewer(tree, most)
            case _:
                raise CannotWrite("length")

    def _shared(self, parts: list[Regex], room: int) -> Regex:
        """The parts with `room` characters beyond the least that each must have."""
        anything = [place for place, part in enumerate(parts) if _is_anything(part)]
        if len(anything) > 1:
            # Any text before and behind, counted together, costs engines seconds: what is sought comes first.
            self.narrowed = True
            for place in anything[:-1]:
                part = parts[place]
                assert isinstance(part, Times)
                parts[place] = times(part.body, part.least, part.least)
            return self.at_most(then(*parts), room + sum(map(shortest, parts)))
        growing = [place for place, part in enumerate(parts) if longest(part) != shortest(part)]
        self.narrowed = self.narrowed or len(growing) > 1
        endless = [place for place in growing if longest(parts[place]) is None]
        bounded = sum(
            (longest(parts[place]) or 0) - shortest(parts[place]) for place in growing if place not in endless
        )
        if endless and bounded <= room // 2:
            growing, room = endless, room - bounded
        weights = {place: _weight(parts[place]) for place in growing}
        for place, weight in weights.items():
            share = room * weight // sum(weights.values())
            parts[place] = self.at_most(parts[place], shortest(parts[place]) + share)
        return then(*parts)

    def _fewer(self, loop: Times, most: int) -> Regex:
        body, low = loop.body, loop.least
        each = longest(body)
        if each is not None and each == shortest(body):
            return times(body, low, most // each)
        self.narrowed = True
        options = body.options if isinstance(body, Or) else (body,)
        single = next((option for option in options if isinstance(option, One)), None)
        if single is not None:
            return self._run(single, [option for option in options if option != single], low, most)
        rounds = ROUNDS if each is None else min(most // each, MAX_ROUNDS)
        rounds = max(low, min(rounds, rounds if loop.most is None else loop.most))
        return times(self.at_most(body, most // rounds), low, rounds) if rounds else NOTHING

    def _run(self, single: One, words: list[Regex], low: int, most: int) -> Regex:
        """Single characters, with a few of the words among them: a loop of both cannot be counted."""
        rounds = next((count for count in range(ROUNDS, 1, -1) if len(words) ** count <= MAX_WRITTEN), 1)
        share = most // (rounds + 1)
        onward = [self._word(word, single, share) for word in words if shortest(word) <= share]
        if not onward or low > share:
            return times(single, low, most)
        return then(times(single, low, share), times(one_of(*onward), 0, rounds))

    def _word(self, word: Regex, single: One, most: int) -> Regex:
        """A word and, unless there is no end to it, the run of single characters behind it."""
        length = longest(word)
        if length is None or length >= most:
            return self.at_most(word, most)
        return then(word, times(single, 0, most - length))


def _joined(parts: Iterable[Regex]) -> list[Regex]:
    """Repetitions of one set side by side as one: formats have `x*x` in place of `x+`."""
    made: list[Regex] = []
    for part in parts:
        last = _as_times(made[-1]) if made else None
        this = _as_times(part)
        if last and this and last.body == this.body and Times in map(type, (made[-1], part)):
            most = None if last.most is None or this.most is None else last.most + this.most
            made[-1] = times(this.body, last.least + this.least, most)
        else:
            made.append(part)
    return made


def _as_times(part: Regex) -> Times | None:
    if isinstance(part, One):
        return Times(part, 1, 1)
    return part if isinstance(part, Times) and isinstance(part.body, One) else None


def _weight(part: Regex) -> int:
    """A loop over words takes more room than one over single characters."""
    return 1 if isinstance(part, Times) and isinstance(part.body, One) else ROUNDS + 1


def _check_reach(tree: Regex, least: int) -> None:
    if _reach(tree, least) < least:
        raise CannotWrite("empty")


def _reach(tree: Regex, enough: int) -> int:
    """How long its texts can be; `enough` if there is no end to it."""
    found = longest(tree)
    return enough if found is None else min(found, enough)


def _is_anything(part: Regex) -> bool:
    return isinstance(part, Times) and part.body == ANY_TEXT.body and part.most is None
