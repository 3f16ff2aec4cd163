"""Records in splits without leakage: what belongs together never lies on both sides.

Two records belong together if they have the same scenario, the same opening of the user (in any case, with
any digits and punctuation) or nearly the same words in it, or the same calls with the same arguments, and so
on from record to record. Whole groups are put into a split until it has its share.
"""

from __future__ import annotations

import hashlib
import random
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from funcdex.errors import ConfigError
from funcdex.export.sample import Sample

TRAIN = "train"
NEAR = 0.8
"""Of the different words of two openings, the share in common from which on they are near-duplicates."""
FEWEST_WORDS = 6
"""An opening of fewer different words is only compared as a whole."""
_MOST_LOOKED_AT = 32
SplitBy = Literal["toolkit", "scenario"]


@dataclass(frozen=True, slots=True)
class SplitOrder:
    """What is asked: the share of each split but `train`, which gets the rest; `by` toolkit the share is
    taken of each toolkit. `held_out_tools` is how many tools no record of `train` calls or shows."""

    shares: Mapping[str, float]
    by: SplitBy = "scenario"
    held_out_tools: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trait:
    """What a record is put into groups by. `keys` are digests: records that share one belong together.
    `words` are the different words of the opening, a number of four bytes each."""

    toolkit: str
    keys: tuple[bytes, ...]
    called: frozenset[str]
    words: bytes = b""


@dataclass(frozen=True, slots=True)
class Split:
    """`places[i]` is the split of record i. `groups` counts groups, `largest` is the largest group's size,
    `joined` counts the records that are not alone in theirs. `held_out` are tools not in `train`."""

    places: Sequence[str]
    groups: int
    largest: int
    joined: int
    held_out: frozenset[str]

    @property
    def sizes(self) -> Mapping[str, int]:
        """Records in each split."""
        return Counter(self.places)


def trait_of(sample: Sample, scenario: str | None) -> Trait:
    """The trait of a sample; `scenario` is None where it is not known."""
    user = next((message.text for message in sample.messages if message.role == "user"), "")
    opening = _normal(user)
    keys = [_digest(b"opening", opening.encode("utf-8", "replace"))]
    if scenario:
        keys.append(_digest(b"scenario", _normal(scenario).encode("utf-8", "replace")))
    calls = [(call.name, _canonical(call.values)) for call in sample.calls]
    if calls:
        keys.append(_digest(b"calls", b"\0".join(part for pair in calls for part in _bytes(pair))))
    words = array("I", {zlib.crc32(word.encode("utf-8", "replace")) for word in opening.split()})
    return Trait(sample.toolkit, tuple(keys), frozenset(name for name, _ in calls), words.tobytes())


def split(traits: Sequence[Trait], order: SplitOrder) -> Split:
    """Where each record goes. Raises ConfigError where so many tools cannot be held out."""
    groups = _groups(traits)
    dice = random.Random(f"{order.seed}/split")
    dice.shuffle(groups)
    room = _room(traits, order)
    held_out = _held_out(traits, groups, order, dice)
    places = [TRAIN] * len(traits)
    # First those that have to leave train: what is left of the share is drawn from the others.
    groups.sort(key=lambda group: not _calls_any(group, traits, held_out))
    for group in groups:
        place = _place(group, traits, order, room, held_out)
        for at in group:
            places[at] = place
    return Split(
        places,
        groups=len(groups),
        largest=max(map(len, groups), default=0),
        joined=sum(len(group) for group in groups if len(group) > 1),
        held_out=held_out,
    )


def _groups(traits: Sequence[Trait]) -> list[list[int]]:
    """Indexes that belong together, each group in order, by their first."""
    parent = list(range(len(traits)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[bytes, int] = {}
    for at, trait in enumerate(traits):
        for key in trait.keys:
            one, other = root(first.setdefault(key, at)), root(at)
            parent[max(one, other)] = min(one, other)
    for pair in _near(traits):
        one, other = map(root, pair)
        parent[max(one, other)] = min(one, other)
    found: defaultdict[int, list[int]] = defaultdict(list)
    for at in range(len(traits)):
        found[root(at)].append(at)
    return list(found.values())


def _near(traits: Sequence[Trait]) -> Iterator[tuple[int, int]]:
    """Indexes of records whose openings have nearly the same words. MinHash names the candidates."""
    # Here, because numpy comes with it, and most exports have no split.
    from funcdex.dedup.minhash import BandedSets, signature

    sets, at_row = BandedSets(), list[int]()
    for at, trait in enumerate(traits):
        words = set(array("I", trait.words))
        if len(words) < FEWEST_WORDS:
            continue
        hashes = signature(words)
        for row, _ in sets.like(hashes, _MOST_LOOKED_AT):
            others = set(array("I", traits[at_row[row]].words))
            if len(words & others) >= NEAR * len(words | others):
                yield at_row[row], at
        sets.add(hashes)
        at_row.append(at)


Room = dict[tuple[str, Hashable], float]
"""Records that a split may still take, of a toolkit or (None) of all."""


def _room(traits: Sequence[Trait], order: SplitOrder) -> Room:
    """Whole records: a share of few is rounded, and every toolkit of two records or more gives one."""
    totals: Counter[str | None] = Counter(_stratum(trait, order) for trait in traits)
    return {
        (name, stratum): max(round(share * total), int(total > 1))
        for name, share in order.shares.items()
        for stratum, total in totals.items()
    }


def _stratum(trait: Trait, order: SplitOrder) -> str | None:
    return trait.toolkit if order.by == "toolkit" else None


def _place(
    group: Sequence[int],
    traits: Sequence[Trait],
    order: SplitOrder,
    room: Room,
    held_out: frozenset[str],
) -> str:
    needs = Counter(_stratum(traits[at], order) for at in group)
    must_leave = _calls_any(group, traits, held_out)
    for name in order.shares:
        if must_leave or all(room[name, stratum] >= need for stratum, need in needs.items()):
            for stratum, need in needs.items():
                room[name, stratum] -= need
            return name
    return TRAIN


def _calls_any(group: Sequence[int], traits: Sequence[Trait], tools: frozenset[str]) -> bool:
    return bool(tools) and any(traits[at].called & tools for at in group)


def _held_out(
    traits: Sequence[Trait], groups: Sequence[Sequence[int]], order: SplitOrder, dice: random.Random
) -> frozenset[str]:
    """Tools drawn so that the groups which call them fit into the first split, twice its share at most."""
    if not order.held_out_tools:
        return frozenset()
    calling: defaultdict[str, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for name in frozenset[str]().union(*(traits[at].called for at in group)):
            calling[name].add(number)
    most = 2 * next(iter(order.shares.values())) * len(traits)
    names, chosen, moved = sorted(calling), list[str](), set[int]()
    dice.shuffle(names)
    for name in names:
        if len(chosen) == order.held_out_tools:
            break
        if sum(len(groups[number]) for number in moved | calling[name]) <= most:
            chosen.append(name)
            moved |= calling[name]
    if len(chosen) < order.held_out_tools:
        raise ConfigError(
            f"only {len(chosen)} tools can be held out: the conversations that call more would be more than "
            f"twice the share of the first split",
            where="--held-out-tools",
            fix="Ask for fewer, or for a larger share.",
        )
    return frozenset(chosen)


def _normal(text: str) -> str:
    """Letters alone, in lower case, each word apart: dates, numbers and punctuation make no other opening."""
    return " ".join("".join(char if char.isalpha() else " " for char in text.casefold()).split()) or text


def _canonical(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return repr(value).encode("utf-8", "backslashreplace")


def _bytes(pair: tuple[str, bytes]) -> Iterator[bytes]:
    yield pair[0].encode("utf-8", "replace")
    yield pair[1]


def _digest(kind: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=12, person=kind).digest()


def shares_of(asked: Iterable[str]) -> dict[str, float]:
    """`test=0.1`, and more than one, as shares by name. Raises ConfigError."""
    shares: dict[str, float] = {}
    for one in asked:
        name, _, share = one.partition("=")
        try:
            value = float(share)
        except ValueError:
            value = 0.0
        if not name.isidentifier() or name == TRAIN or name in shares or not 0 < value < 1:
            raise ConfigError(
                f"a split is a name and a share between 0 and 1, not {one!r}",
                where="--split",
                fix="Write --split test=0.1; train gets the rest.",
            )
        shares[name] = value
    if sum(shares.values()) >= 1:
        raise ConfigError(
            "the splits leave nothing for train", where="--split", fix="Ask for smaller shares."
        )
    return shares
