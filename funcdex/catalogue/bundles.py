"""Proposes toolkits that go together: what the tools of one answer is what those of another ask for.

A field and a parameter are the same thing if their names have a telling word in common: `attendee_email` of a
calendar and `email` of a mail program. The fewer toolkits know a thing, the more it says that two of them do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from funcdex.catalogue.words import stem, whole_words_of
from funcdex.toolkits.keywords import walk
from funcdex.types.tools import JsonSchema, Toolkit

MOST_BUNDLES = 20
_MOST_EACH = 2
_MOST_THINGS = 2000
# Two versions of one application have most of their tools in common, and nothing to say to one another.
_TOO_ALIKE = 0.3
# Beyond this share of the toolkits a thing is one that every application has.
_EVERYWHERE = 0.6

# Words of names that tell how something is kept or sent, not what it is.
_TELLS_NOTHING = frozenset(
    map(
        stem,
        "active after alt api array at base before body by code color comment content count created "
        "cursor data date default deleted description details enabled end error etag etags expand extra "
        "field fields filter first flag format from full has height id ids include index info is item "
        "items key keys kind last length level limit link links list max message meta metadata min mode "
        "modified name names new next notes null number object offset ok old only option options order "
        "page parameters parent per position prefix previous query range ref request resource response "
        "result results scope self size sort source start state status string style sub success suffix "
        "summary tag tags text time timestamp title to token total type types uid update updated uri url "
        "use uuid value values version width with zone".split(),
    )
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a toolkit's tools answer (`gives`) and ask for (`takes`), each stem with a word that has it; and
    what the tools are called."""

    name: str
    gives: Mapping[str, str]
    takes: Mapping[str, str]
    tools: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Toolkits for one bundle. `things` connect them, the most telling first; `score` is above 0."""

    toolkits: tuple[str, ...]
    things: tuple[str, ...]
    score: float


def profile_of(kit: Toolkit) -> Profile:
    """What a toolkit has in common with others, if they have it."""
    return Profile(
        kit.name,
        _things(name for tool in kit.tools for name in _fields(tool.response)),
        # Only what a call asks for by itself: what lies deeper is how, not what.
        _things(name for tool in kit.tools for name in tool.parameters.get("properties", {})),
        frozenset(tool.name.casefold() for tool in kit.tools),
    )


def propose(profiles: Sequence[Profile], most: int = MOST_BUNDLES) -> tuple[Proposal, ...]:
    """At most `most` pairs, the best first. No toolkit is in more than two of them, so that all get their
    turn."""
    known_by = Counter(thing for one in profiles for thing in one.gives.keys() | one.takes.keys())
    tells = {
        thing: math.log(1 + len(profiles) / count)
        for thing, count in known_by.items()
        if 1 < count and (count <= _EVERYWHERE * len(profiles) or count == 2)
    }
    found = [_proposal(one, other, tells) for one, other in _pairs(profiles, tells)]
    best = sorted((pair for pair in found if pair.score > 0), key=lambda pair: (-pair.score, pair.toolkits))
    used: Counter[str] = Counter()
    chosen: list[Proposal] = []
    for pair in best:
        if len(chosen) < most and max(used[name] for name in pair.toolkits) < _MOST_EACH:
            chosen.append(pair)
            used.update(pair.toolkits)
    return tuple(chosen)


def as_wanted(
    toolkits: Iterable[str],
    proposals: Iterable[Proposal],
    described: Iterable[Mapping[str, object]] = (),
) -> dict[str, list[object]]:
    """What a file of wanted toolkits says: each toolkit alone, the bundles, and what they are called."""
    made: dict[str, list[object]] = {
        "toolkits": list(toolkits),
        "bundles": [list(one.toolkits) for one in proposals],
    }
    words: list[object] = list(described)
    return made | ({"bundle_descriptions": words} if words else {})


def _pairs(profiles: Sequence[Profile], tells: Mapping[str, float]) -> Iterable[tuple[Profile, Profile]]:
    """Pairs that have anything in common, each once; only they are compared."""
    knowing: dict[str, list[int]] = {}
    for index, one in enumerate(profiles):
        for thing in one.gives.keys() | one.takes.keys():
            if thing in tells:
                knowing.setdefault(thing, []).append(index)
    pairs = {pair for indices in knowing.values() for pair in combinations(indices, 2)}
    return ((profiles[one], profiles[other]) for one, other in sorted(pairs))


def _proposal(one: Profile, other: Profile, tells: Mapping[str, float]) -> Proposal:
    alike = len(one.tools & other.tools) / min(len(one.tools), len(other.tools))
    flows = (one.gives.keys() & other.takes.keys()) | (other.gives.keys() & one.takes.keys())
    flows &= tells.keys()
    things = sorted(flows, key=lambda thing: (-tells[thing], thing))
    # A large toolkit has something of everything: what counts is how much of what is asked is answered.
    asked = 1 + len(one.takes.keys() & tells.keys()) + len(other.takes.keys() & tells.keys())
    score = 0.0 if alike > _TOO_ALIKE else sum(tells[thing] for thing in things) / math.sqrt(asked)
    words = {**other.gives, **other.takes, **one.gives, **one.takes}
    return Proposal((one.name, other.name), tuple(words[thing] for thing in things[:5]), round(score, 4))


def _fields(schema: JsonSchema) -> Iterator[str]:
    """The names of all fields of a response, at any depth."""
    for _, inner in walk(schema):
        yield from inner.get("properties", {})


def _things(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        for word in whole_words_of(name):
            if len(word) > 2 and word.isalpha() and stem(word) not in _TELLS_NOTHING:
                found.setdefault(stem(word), word)
        if len(found) >= _MOST_THINGS:
            break
    return found
