"""The sets of tools that the conversations of a bundle are shown, planned before any of them is written.

A set of its own for each conversation would be a grammar of its own for each, and a server would compile
every one anew. So there are a few sets: for each *whole*, which is what a conversation may come to need, a
family of smaller ones cut out of it. A conversation gets the smallest that holds what it needs and enough
beside it.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil, isqrt

from funcdex.types.tools import Bundle, Tool

ToolSet = tuple[Tool, ...]
"""In the order in which models see it, always the same for one set: servers keep what prompts begin with."""

_GIVE_UP_AFTER = 60
"""Cuts in a row that bring nothing new: most that there can be are there."""


@dataclass(frozen=True, slots=True)
class Family:
    """A set of tools that conversations may need, and smaller ones in it."""

    whole: ToolSet
    parts: tuple[ToolSet, ...] = ()

    def smallest(self, needed: Collection[str], others: int, rng: random.Random) -> ToolSet:
        """The smallest part that holds the needed tools and `others` more, or else the whole; `rng` decides
        ties."""
        wanted = {tool.name for tool in self.whole} & set(needed)
        fitting = [
            part
            for part in self.parts
            if len(part) >= len(wanted) + others and wanted <= {tool.name for tool in part}
        ]
        least = min(map(len, fitting), default=0)
        return rng.choice([part for part in fitting if len(part) == least]) if fitting else self.whole

    def without(self, tools: Collection[tuple[str, str]]) -> Family:
        """The family without these tools (toolkit and name)."""

        def left(some: ToolSet) -> ToolSet:
            return tuple(tool for tool in some if (tool.toolkit, tool.name) not in tools)

        return Family(left(self.whole), tuple(part for part in map(left, self.parts) if part))


def share_out(most: int, bundles: int) -> Iterator[int]:
    """How many sets each bundle gets: as even as can be, and at least one, even if that makes more than
    `most`."""
    each, over = divmod(most, bundles)
    return (max(each + (index < over), 1) for index in range(bundles))


def plan_families(
    bundle: Bundle, sets: int, *, max_tools: int, others: int, rng: random.Random
) -> tuple[Family, ...]:
    """Families that hold at most `sets` different sets together, each of at most `max_tools` tools.

    A bundle of more tools is dealt out to several wholes: as many as its tools fill, or the root of `sets`
    if that is more, so that tools meet in many combinations; and one for each set if the bundle is so large
    that all are needed. The rest of the sets are parts, each with room for one needed tool and `others`.
    """
    if not bundle.tools:
        return ()
    whole = max(max_tools, 1)
    count = 1 if len(bundle.tools) <= whole else min(sets, max(ceil(len(bundle.tools) / whole), isqrt(sets)))
    families: list[Family] = []
    # A set that comes twice counts once; only small bundles have so few sets to choose from.
    for tools, share in zip(_dealt(bundle, whole, count, rng), share_out(sets, count), strict=True):
        families.append(Family(_shuffled(tools, rng), tuple(_parts(tools, share - 1, others + 1, rng))))
    return tuple(families)


def _dealt(bundle: Bundle, size: int, count: int, rng: random.Random) -> Iterator[Sequence[Tool]]:
    """So many samples, each with the same number of every toolkit, or nearly; all tools come before one
    comes again."""
    by_toolkit = [[tool for tool in bundle.tools if tool.toolkit == kit.name] for kit in bundle.toolkits]
    decks = [_Deck(tools, rng) for tools in by_toolkit if tools]
    for _ in range(count):
        room, sample = min(size, len(bundle.tools)), list[Tool]()
        # Small toolkits first: what they cannot fill goes to the larger ones.
        by_size = sorted(decks, key=lambda deck: deck.size)
        for left, deck in zip(range(len(by_size), 0, -1), by_size, strict=True):
            sample += deck.draw(min(deck.size, ceil((room - len(sample)) / left)))
        yield sample


class _Deck:
    """Tools in random order, mixed again when all are drawn."""

    def __init__(self, tools: Sequence[Tool], rng: random.Random) -> None:
        self.size = len(tools)
        self._tools, self._rng = tools, rng
        self._left: list[Tool] = []

    def draw(self, count: int) -> list[Tool]:
        """So many different tools; at most `size`."""
        drawn, self._left = self._left[:count], self._left[count:]
        if len(drawn) < count:
            names = {tool.name for tool in drawn}
            fresh = [tool for tool in _shuffled(self._tools, self._rng) if tool.name not in names]
            more = count - len(drawn)
            drawn, self._left = drawn + fresh[:more], fresh[more:]
        return drawn


def _parts(tools: Sequence[Tool], most: int, least_size: int, rng: random.Random) -> Iterator[ToolSet]:
    """At most so many different parts: halves and quarters of shuffles, until nothing new comes."""
    if len(tools) - len(tools) // 2 < least_size:
        return
    seen: set[frozenset[str]] = set()
    in_vain = 0
    cuts = _cuts(tools, rng)
    while len(seen) < most and in_vain < _GIVE_UP_AFTER:
        part = next(cuts)
        names = frozenset(tool.name for tool in part)
        in_vain += 1
        if len(part) >= least_size and names not in seen:
            seen.add(names)
            in_vain = 0
            yield part


def _cuts(tools: Sequence[Tool], rng: random.Random) -> Iterator[ToolSet]:
    """The halves of shuffles, those of every second one also cut in half again; without end."""
    for with_quarters in cycle((False, True)):
        shuffled = _shuffled(tools, rng)
        halves = _halves(shuffled)
        yield from halves
        if with_quarters:
            yield from (quarter for half in halves for quarter in _halves(half))


def _halves(tools: ToolSet) -> tuple[ToolSet, ToolSet]:
    middle = len(tools) // 2
    return tools[:middle], tools[middle:]


def _shuffled(tools: Sequence[Tool], rng: random.Random) -> ToolSet:
    return tuple(rng.sample(tools, len(tools)))
