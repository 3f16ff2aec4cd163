"""What a query asks for, and the FTS5 expressions that find it.

Each word of a query and the other words for it are a group. An expression asks for tools that have something
of every one of some groups. What is rare comes first: such expressions are found in few steps however many
tools there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from funcdex.catalogue.dialect import Connection, tools_with
from funcdex.catalogue.synonyms import SYNONYM_WEIGHT, plainest, synonyms, without_phrases
from funcdex.catalogue.words import stem, whole_words_of

LONGEST_QUERY = 1000
"""Characters of a query that are read."""

MOST_GROUPS = 8
_MOST_WORDS = 24
_MOST_ALTERNATIVES = 12
# Tools that an expression may be expected to match; beyond them its words are looked for in names only.
_MOST_EXPECTED = 3000


@dataclass(frozen=True, slots=True)
class Group:
    """A word that was asked for and all words for it that some tool has, each with what it counts for; and
    how much it tells: the rarer, the more.

    `tools` is in how many tools the words stand, counted twice where two stand in one.
    """

    word: str
    words: Mapping[str, float]
    tells: float
    tools: int


def groups_of(text: str, connection: Connection) -> tuple[Group, ...]:
    """The groups of a query, those that tell most first; no words in one of which no tool has any."""
    whole = list(dict.fromkeys(whole_words_of(without_phrases(text[:LONGEST_QUERY]))))[:_MOST_WORDS]
    asked = {stem(word): _alternatives(word, whole) for word in whole}
    counts = _counts(connection, {word for words in asked.values() for word in words})
    total = total_tools(connection)
    found = [_group(word, words, counts, total) for word, words in asked.items()]
    known = sorted(found, key=lambda group: (not group.words, -group.tells))
    return tuple(known[:MOST_GROUPS])


def expressions(groups: Sequence[Group], total: int) -> Iterator[tuple[str, bool]]:
    """FTS5 expressions for all groups, then for ever fewer, in the order of what they tell together; each
    with whether few enough tools have its words anywhere, or it should be looked for in names only."""
    known = [group for group in groups if group.words]
    chosen = [some for size in range(len(known), 0, -1) for some in combinations(known, size)]
    for some in sorted(chosen, key=lambda some: -sum(group.tells for group in some)):
        # As if words stood together by chance only; that they do more often is why there is a bound on
        # matches, too.
        expected = total * math.prod(min(group.tools / max(total, 1), 1) for group in some)
        yield " AND ".join(map(_expression, some)), expected <= _MOST_EXPECTED


def total_tools(connection: Connection) -> int:
    """How many tools the catalogue has."""
    rows = connection.execute("SELECT coalesce(sum(tools), 0) FROM toolkit").fetchall()
    return int(rows[0][0])


def _alternatives(word: str, query: Sequence[str]) -> dict[str, float]:
    """The word, what it makes with its neighbour (google calendar: googlecalendar), and other words for
    it."""
    found = {stem(word): 1.0}
    for first, second in pairwise(query):
        if word in (first, second):
            found.setdefault(stem(first + second), 1.0)
    # What is asked for by its own name stands for nothing else: a phone number is no phone call.
    own = {stem(other) for other in query}
    for other in synonyms().get(stem(word), ())[:_MOST_ALTERNATIVES]:
        if other not in own:
            found.setdefault(other, SYNONYM_WEIGHT)
    return found


def _group(word: str, words: Mapping[str, float], counts: Mapping[str, int], total: int) -> Group:
    known = {one: weight for one, weight in words.items() if counts.get(one)}
    # A word that stands nowhere tells what the rarest of the other words for it tells; without any, all the
    # same that something was asked that is not here.
    own = counts.get(word) or min((counts[one] for one in known), default=total // 10)
    return Group(word, known, math.log(1 + total / (1 + own)), sum(counts[one] for one in known))


def _counts(connection: Connection, words: set[str]) -> dict[str, int]:
    """In how many tools the words stand, about: of rare ones exactly, of common ones as last counted."""
    marks = ", ".join("?" for _ in words)
    rows = connection.execute(f"SELECT word, tools FROM common WHERE word IN ({marks})", tuple(words))
    counts = dict(rows.fetchall())
    return counts | tools_with(connection, words - counts.keys())


def _expression(group: Group) -> str:
    plain = plainest().get(group.word, frozenset())
    words = [word for word, weight in group.words.items() if weight == 1.0 or word in plain]
    words = words or list(group.words)
    # Words hold letters and digits only; quoted, they are no operators either (AND, NEAR).
    return "(" + " OR ".join('"' + word.replace('"', '""') + '"' for word in words) + ")"
