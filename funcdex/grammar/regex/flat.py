"""A regular expression in the form that engines fill masks for quickly: loops are flat, counters few.

xgrammar sees through a loop over plain alternatives and not through one with loops or counters inside: the
mask of a token inside `([a-z]-?)*` costs a hundred times that of `([a-z]|[a-z]-)*`, which says the same. So
loops are rewritten. Counters cost a state for each number; short ones are written out, and of a long one over
many characters only the lower bound stays. Measured: docs/decisions/0006. Where everything is to be exact, no
bound is dropped: less is matched instead, fewer rounds or only characters that JSON does not escape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from funcdex.grammar.regex.char_sets import Ranges, common, complement, plain, size
from funcdex.grammar.regex.tree import (
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

NARROW = 26
"""Characters of a set whose words are few, so that counting it is cheap (`[A-Z]`, hexadecimal digits)."""
MAX_NARROW = 128
MAX_EXACT = 128
MAX_LENGTH = 1000
"""Characters that are counted where everything is to be exact: llama.cpp refuses 2,000 in one place."""
MAX_WRITTEN_OUT = 8
MAX_COPIES = 48
MAX_WORDS = 40
LONGEST_WORD = 48
_UNSAFE: Ranges = ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C))

Word = tuple[Regex, ...]


@dataclass(slots=True)
class Flattener:
    """Rewrites trees without edges; `shortened` says whether a bound of a counter was dropped, `narrowed`
    whether some texts were left out, which only happens where it is to be `exact`."""

    exact: bool = False
    shortened: bool = field(default=False, init=False)
    narrowed: bool = field(default=False, init=False)

    def flat(self, tree: Regex) -> Regex:
        """The tree with flat loops; matches the same, but for upper bounds. Raises CannotWrite."""
        match tree:
            case Then(parts):
                return then(*(self.flat(part) for part in parts))
            case Or(options):
                return one_of(*(self.flat(option) for option in options))
            case Times(One()):
                return self._counted_one(tree)
            case Times(body, least, None):
                return self._endless(self.flat(body), least)
            case Times(body, least, most):
                return self._counted(self.flat(body), least, most or 0)
            case _:
                return tree

    def _counted_one(self, tree: Times) -> Regex:
        one, least, most = tree.body, tree.least, tree.most
        assert isinstance(one, One)
        is_plain = _is_plain(one)
        if self.exact and least > 4:
            return self._counted_plain(one, least, most)
        if least > (MAX_EXACT if is_plain else 4):
            return self._lower(one, 4 if not is_plain else MAX_EXACT)
        if most is None or most <= 1:
            return tree if is_plain or least <= 1 else then(*[one] * least, times(one, 0, most))
        if most == least:
            return tree if is_plain else then(*[one] * least)
        if size(one.chars.sure) <= NARROW and is_plain and most <= MAX_NARROW:
            return tree
        if is_plain and most <= MAX_WRITTEN_OUT:
            return one_of(*(then(*[one] * count) for count in range(least, most + 1)))
        if self.exact:
            return self._counted_plain(one, least, most)
        return self._lower(one, least)

    def _counted_plain(self, one: One, least: int, most: int | None) -> Regex:
        """Counted, without the characters that JSON escapes: engines count single characters well, and
        nothing else."""
        if least > MAX_LENGTH:
            return self._lower(one, least)
        safe = common(one.chars.sure, complement(_UNSAFE))
        if not safe:
            return self._lower(one, least) if most is None else self._counted(one, least, most)
        self.narrowed = self.narrowed or safe != one.chars.sure or (most or 0) > MAX_LENGTH
        counted = One(plain(safe))
        if most is None:
            return then(times(counted, least, least), times(one, 0, None))
        return times(counted, least, min(most, MAX_LENGTH))

    def _lower(self, body: Regex, least: int) -> Regex:
        """At least so many times: the upper bound is dropped."""
        self.shortened = True
        if isinstance(body, One) and (_is_plain(body) or least <= 1):
            return times(body, least, None)
        return then(*[body] * least, self._endless(body, 0))

    def _counted(self, body: Regex, least: int, most: int) -> Regex:
        if least * _weight(body) > 20 * MAX_COPIES:
            self.shortened = True
            return self._endless(body, 1)
        if most > 1 and (most - least) * _weight(body) > 4 * MAX_COPIES:
            if not self.exact:
                return self._lower(body, least)
            self.narrowed, most = True, least + 4 * MAX_COPIES // _weight(body)
        rest: Regex = NOTHING
        for _ in range(most - least):
            rest = times(then(body, rest), 0, 1)
        return then(*[body] * least, rest)

    def _endless(self, body: Regex, least: int) -> Regex:
        if isinstance(body, One):
            return times(body, least, None)
        if least > MAX_COPIES:
            self.shortened, least = True, MAX_COPIES
        if shortest(body) == 0:
            body, least = nonempty(_alternated(body)), 0
            if isinstance(body, One):
                return times(body, 0, None)
        loop = _loop(body)
        if least == 0:
            return times(loop, 0, 1) if not _is_plus(loop) else times(loop.body, 0, None)  # type: ignore[union-attr]
        return then(*[body] * (least - 1), loop)


def _alternated(body: Regex) -> Regex:
    """Inside a loop, what may be empty part by part: `(a*b?)*` is `(a|b)*`."""
    if not isinstance(body, Then):
        return body
    return one_of(*(part.body if isinstance(part, Times) else part for part in body.parts))


def nonempty(tree: Regex) -> Regex:
    """What the tree matches, but for the empty text. Raises CannotWrite if nothing is left."""
    match tree:
        case Or(options):
            return one_of(*(nonempty(option) for option in options if option != NOTHING))
        case Times(body, least, most) if shortest(tree) == 0:
            inner = nonempty(body) if shortest(body) == 0 else body
            return times(inner, max(least, 1) if inner == body else 1, most)
        case Then(parts) if shortest(tree) == 0:
            if not parts:
                raise CannotWrite("empty")
            return one_of(*(then(nonempty(part), *parts[place + 1 :]) for place, part in enumerate(parts)))
        case _:
            return tree


def _loop(body: Regex) -> Regex:
    """The body once or more, as a flat loop where that can be had."""
    options = [_unlooped(option) for option in (body.options if isinstance(body, Or) else (body,))]
    words = [word for option in options for word in _words(option)] if all(map(_is_short, options)) else []
    if words and len(words) <= MAX_WORDS:
        return times(_any_of(words), 1, None)
    if len(options) == 1:
        found = _unfolded(options[0])
        if found is not None:
            return found
    if _is_cheap(body):
        return times(body, 1, None)
    raise CannotWrite("loop")


def _unfolded(body: Regex) -> Regex | None:
    """`(x a* y)+` is `x (a | y x)* y`; None if the body is not of that form with finite x, a and y."""
    parts = body.parts if isinstance(body, Then) else (body,)
    endless = [place for place, part in enumerate(parts) if isinstance(part, Times) and part.most is None]
    if len(endless) != 1:
        return None
    place = endless[0]
    star = parts[place]
    assert isinstance(star, Times)
    copies = [star.body] * star.least
    before, after = then(*parts[:place], *copies), then(*parts[place + 1 :])
    inner, around = star.body, then(after, before)
    if not all(_is_short(part) for part in (inner, around)):
        return None
    words = [word for part in (inner, around) for word in _words(part)]
    if len(words) > MAX_WORDS:
        return None
    return then(before, times(_any_of(words), 0, None), after)


def _unlooped(option: Regex) -> Regex:
    """Inside a loop, `a*` and `a+` are no more than `a`."""
    if isinstance(option, Times) and option.most is None and option.least <= 1:
        return option.body
    return option


def _is_short(tree: Regex) -> bool:
    """Whether it stands for few short words."""
    words = _words(tree)
    return 0 < len(words) <= MAX_WORDS


def _words(tree: Regex) -> list[Word]:
    """Its words, each a sequence of single characters; the empty list if there are too many or too long."""
    match tree:
        case One():
            return [(tree,)]
        case Or(options):
            found = [_words(option) for option in options]
            every = [word for words in found for word in words]
            return every if all(found) and len(every) <= MAX_WORDS else []
        case Then(parts):
            return _joined([_words(part) for part in parts])
        case Times(body, least, most) if most is not None and most <= LONGEST_WORD:
            inner = _words(body)
            counts = [_joined([inner] * count) for count in range(least, most + 1)]
            every = [word for words in counts for word in words]
            return every if all(counts) and len(every) <= MAX_WORDS else []
        case _:
            return []


def _joined(parts: Sequence[list[Word]]) -> list[Word]:
    count = 1
    for words in parts:
        count *= len(words)
        if not 0 < count <= MAX_WORDS:
            return []
    joined = [tuple(part for word in chosen for part in word) for chosen in product(*parts)]
    return joined if max(map(len, joined)) <= LONGEST_WORD else []


def _any_of(words: list[Word]) -> Regex:
    return one_of(*(then(*word) for word in words if word))


def _is_plus(tree: Regex) -> bool:
    return isinstance(tree, Times) and (tree.least, tree.most) == (1, None)


def _is_plain(tree: Regex) -> bool:
    """Whether none of the characters is escaped in JSON."""
    return isinstance(tree, One) and not any(
        low <= last and first <= high for low, high in tree.chars.sure for first, last in _UNSAFE
    )


def _is_cheap(tree: Regex) -> bool:
    """Whether a loop over it costs little with loops inside: all of its characters are of ASCII."""
    match tree:
        case One(chars):
            return _is_plain(tree) and chars.sure[-1][1] < 0x80
        case Then(parts) | Or(parts):
            return all(_is_cheap(part) for part in parts)
        case Times(body, _, most):
            return _is_cheap(body) and (
                most is None or most <= 1 or (isinstance(body, One) and size(body.chars.sure) <= NARROW)
            )
        case _:
            return False


def _weight(tree: Regex) -> int:
    match tree:
        case Then(parts) | Or(parts):
            return sum(_weight(part) for part in parts)
        case Times(body):
            return 1 + _weight(body)
        case _:
            return 1
