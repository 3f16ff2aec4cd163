"""Whether two requests in much the same words ask for different things.

    "Close the tickets that were opened last month." / "Reopen the tickets that were closed last month."

Looked at is what only one of them says: a negation, a word whose opposite the other says, another action; and
what is turned into what. All of it is arithmetic on the codes of `profile.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Set
from functools import cache
from typing import Literal

from funcdex.dedup import opposites
from funcdex.dedup.masking import SENTENCE_END
from funcdex.dedup.profile import NO_CONTENT, Profile, code, rouge_l
from funcdex.dedup.wordforms import stem

Contrast = Literal["none", "unclear", "plain"]
"""`plain`: they differ in what is asked. `unclear`: they may, which words alone do not tell."""

_END = code(SENTENCE_END)
_SAME_ORDER = 0.75
"""ROUGE-L from which two texts have their parts in the same places."""
_TARGET_WITHIN = 6
"""Tokens behind `into` among which what something is turned into stands."""


def contrast(one: Profile, other: Profile) -> Contrast:
    """What sets two texts apart that share most of their words."""
    here, there = one.distinct - other.distinct, other.distinct - one.distinct
    actions_here, actions_there = here & _actions().keys(), there & _actions().keys()
    if (
        _negations(one) != _negations(other)
        or any(_opposites().get(word, frozenset()) & there for word in here)
        or _is_turned_round(one, other)
        or (actions_here and actions_there and not _groups(actions_here) & _groups(actions_there))
        or (bool(actions_here) != bool(actions_there) and (here | there) & _codes(opposites.DECISIVE))
        or _is_other_order(one, other, here, there)
    ):
        return "plain"
    return "unclear" if bool(actions_here) != bool(actions_there) else "none"


def _negations(profile: Profile) -> int:
    return sum(token in _codes(opposites.NEGATIONS) for token in profile.codes)


def _is_turned_round(one: Profile, other: Profile) -> bool:
    """Tasks made into messages, or messages made into tasks."""
    return any(
        theirs != ours and ours in before_theirs and theirs in before_ours
        for ours, before_ours in _conversions(one)
        for theirs, before_theirs in _conversions(other)
    )


def _conversions(profile: Profile) -> Iterator[tuple[int, frozenset[int]]]:
    """What something is turned into (`made into tasks`, `posted as messages`), and all that stands before."""
    codes = profile.codes
    for place, token in enumerate(codes):
        if token in _codes("into") or (
            token in _codes("as") and _actions().keys() & {*codes[max(0, place - 2) : place]}
        ):
            behind = codes[place + 1 : place + 1 + _TARGET_WITHIN]
            target = next((one for one in behind if one not in NO_CONTENT or one == _END), _END)
            if target != _END:
                yield target, frozenset(codes[:place])


def _is_other_order(one: Profile, other: Profile, here: Set[int], there: Set[int]) -> bool:
    order = _codes(opposites.ORDER)
    return bool(here & order) and bool(there & order) and rouge_l(one, other) >= _SAME_ORDER


def _groups(actions: Set[int]) -> set[int]:
    return {group for action in actions for group in _actions()[action]}


@cache
def _codes(words: str) -> frozenset[int]:
    return frozenset(code(stem(word)) for word in words.split())


@cache
def _opposites() -> dict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for left, right in _sides(opposites.OPPOSITE_ACTIONS + opposites.OPPOSITE_PROPERTIES):
        for word in left:
            found[word] |= right
        for word in right:
            found[word] |= left
    return dict(found)


@cache
def _actions() -> dict[int, set[int]]:
    """Verb -> the numbers of its groups: what has an opposite is an action as well."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    groups = [_codes(line) for line in opposites.ACTIONS.strip().splitlines()]
    groups += [side for sides in _sides(opposites.OPPOSITE_ACTIONS) for side in sides]
    for number, group in enumerate(groups):
        for verb in group:
            found[verb].add(number)
    return dict(found)


def _sides(table: str) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
    for line in filter(None, map(str.strip, table.splitlines())):
        left, right = line.split("/")
        yield _codes(left), _codes(right)
