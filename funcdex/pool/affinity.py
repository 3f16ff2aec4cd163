"""Which endpoint a request would rather go to: the one that has seen its tools before.

A server keeps what it compiled of a grammar and what it computed of a prompt's beginning, where our prompts
have the tools. So requests that share both are sent to one endpoint as long as that one has no more to do
than others: rendezvous hashing says which, and when an endpoint comes or goes only its own requests move.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

from funcdex.pool.member import Member
from funcdex.types.request import Request

BOUND = 1.25
"""How many times the mean load of those that have room an endpoint may have and still be preferred."""


def affinity_key(request: Request) -> int | None:
    """The same for requests with the same grammar and the same system message; None if there is neither."""
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


def preferred(home: int, able: Sequence[Member], now_s: float) -> Member:
    """`home` (a bit) if it is among those that are able and not loaded beyond the bound, else the one with
    the least to do."""
    loads = {member.bit: member.load(now_s) for member in able}
    mean = sum(loads.values()) / len(loads)
    if home in loads and loads[home] <= BOUND * mean:
        return next(member for member in able if member.bit == home)
    return min(able, key=lambda member: loads[member.bit])
