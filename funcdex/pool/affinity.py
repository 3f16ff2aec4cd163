"""Which endpoint a request would rather go to: the one that has seen its tools before.

A server keeps what it compiled of a grammar and what it computed of a prompt's beginning, where our prompts
have the tools. So requests that share both are sent to one endpoint as long as that one has no more to do
than others: rendezvous hashing says which, and when an endpoint comes or goes only its own requests move.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from funcdex.pool.member import Member
from funcdex.types.request import Request

BOUND = 1.25
"""How many times the mean load of those that have room an endpoint may have and still be preferred."""


def affinity_key(request: Request) -> int | None:
    """The same for requests with the same grammar and the same system message; None if there is neither.
    For those with tools of their own, which servers put first, the same for the same tools."""
    if request.native is not None:
        return crc32(request.native.tools)
    first = request.messages[0]
    beginning = first.content if first.role == "system" else ""
    grammar = request.grammar.key if request.grammar else ""
    if not beginning and not grammar:
        return None
    return crc32(beginning.encode(errors="replace"), crc32(grammar.encode()))


@lru_cache(maxsize=8192)
def ranking(key: int, urls: tuple[str, ...]) -> tuple[int, ...]:
    """Places of endpoints in the order in which requests of a key prefer them; much the same when one of
    the endpoints is left out."""
    start = key.to_bytes(4)
    return tuple(sorted(range(len(urls)), key=lambda place: crc32(urls[place].encode(), crc32(start))))


class Able:
    """The endpoints that serve a stage; `bits` are theirs together."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.bits = sum(member.bit for member in members)
        self._members = members
        self._urls = tuple(member.url for member in members)

    def at(self, urls: Collection[str]) -> int:
        """Those at certain addresses, as bits."""
        return sum(member.bit for member in self._members if member.url in urls) if urls else 0

    def others_than(self, name: str | None) -> int:
        """Those that are neither this model nor at this address, as bits; 0 if none is."""
        wanted = [member for member in self._members if name is not None and _is_called(member, name)]
        return self.bits & ~sum(member.bit for member in wanted) if wanted else 0

    def home_of(self, request: Request) -> int:
        """The one that requests like this one go to, as a bit; 0 if none is better."""
        key = affinity_key(request) if len(self._members) > 1 else None
        return 0 if key is None else self._members[ranking(key, self._urls)[0]].bit


def _is_called(member: Member, name: str) -> bool:
    return member.url == name or (member.facts is not None and member.facts.model == name)


def preferred(home: int, loads: Mapping[int, float]) -> int:
    """Of the endpoints in `loads`, which has what each has to do: `home` (a bit) if it is among them and not
    loaded beyond the bound, else the one with the least to do."""
    if home in loads and loads[home] <= BOUND * sum(loads.values()) / len(loads):
        return home
    return min(loads, key=loads.__getitem__)
