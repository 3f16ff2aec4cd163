"""Finds tools by what they are for.

The database finds some hundred candidates by the words they share, over expressions that ask for all words
of the query, then for ever fewer; `ranking.py` puts them in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from funcdex.catalogue.database import as_utf8
from funcdex.catalogue.dialect import Connection, matching
from funcdex.catalogue.query import Group, expressions, groups_of, total_tools
from funcdex.catalogue.ranking import Columns, scorer
from funcdex.catalogue.synonyms import actions
from funcdex.catalogue.words import words_of

# Some documents have each operation twice, to be called with either.
_METHODS = frozenset(("get", "post"))
MEANING_WEIGHT = 1.5
"""For a cosine that is higher by one, where the catalogue has an index of meanings."""

_ENOUGH = 100
_FEW = 40
_EACH = 40
_MOST_EXPRESSIONS = 5
_MOST_MATCHES = 1000
"""Tools that one expression is judged on: of words that stand in more, only some are looked at."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A tool that was found. `score`: 0 for nothing in common, above 1 for all words in its name. `also`:
    others that are the same by name and description, as TOOLKIT/TOOL: versions of one application."""

    toolkit: str
    tool: str
    description: str
    score: float
    also: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """TOOLKIT/TOOL."""
        return f"{self.toolkit}/{self.tool}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a tool has to be beside what the query says: None for anything."""

    toolkit: str | None = None
    verb: str | None = None
    parameter: str | None = None


def search(
    connection: Connection,
    text: str,
    limit: int = 10,
    only: Filter | None = None,
    near: Mapping[int, float] | None = None,
) -> tuple[Hit, ...]:
    """At most `limit` tools, the best first. Any text is a query; one without words finds all that `only`
    asks for, in the order of names. `near`: ids of tools that are near in meaning, with their cosines."""
    where, values = _conditions(only or Filter())
    groups = groups_of(text, connection)
    if not groups:
        return _all(connection, where, values, limit) if where else ()
    found = dict.fromkeys(_candidates(connection, groups, where, values, max(limit, 1)))
    near = {id: cosine for id, cosine in (near or {}).items() if -1 <= cosine <= 1.1}
    judged = _judged(connection, list(found | dict.fromkeys(near)), scorer(text, groups), near, where, values)
    # Of what is alike the plainest name comes first: `github` before `github_enterprise_3_8`.
    ranked = sorted(judged, key=lambda hit: (-hit.score, len(hit.toolkit), hit.id))
    return tuple(_merged(ranked)[:limit])


def _conditions(only: Filter) -> tuple[str, tuple[str, ...]]:
    """SQL beside the expression, and its values."""
    parts, values = [], []
    if only.toolkit is not None:
        parts.append("toolkit.name = ?")
        values.append(as_utf8(only.toolkit))
    if only.verb is not None:
        parts.append("tool.action = ?")
        values.append(_action(only.verb))
    if only.parameter is not None:
        named = "? || lower(tool.parameters) || ?"
        parts.append(f"{named} <> replace({named}, ? || lower(?) || ?, '')")
        values += ["\n"] * 5 + [as_utf8(only.parameter), "\n"]
    return "".join(f" AND {part}" for part in parts), tuple(values)


def _action(verb: str) -> str:
    word = next(words_of(verb), "")
    return actions().get(word, as_utf8(verb))


def _candidates(
    connection: Connection, groups: Sequence[Group], where: str, values: tuple[str, ...], limit: int
) -> list[int]:
    found: dict[int, None] = {}
    for count, (expression, anywhere) in enumerate(expressions(groups, total_tools(connection)), start=1):
        for table in ("names", "words") if anywhere else ("names",):
            ids = matching(
                connection, table, expression, where, values, judged=_MOST_MATCHES, most=max(_EACH, limit)
            )
            found.update(dict.fromkeys(ids))
        # All words, then all but one of them: what a query says beside the matter hides nothing.
        if count > len(groups) and len(found) >= max(_ENOUGH, limit):
            break
        if count >= _MOST_EXPRESSIONS and len(found) >= max(_FEW, limit):
            break
    return list(found)


def _judged(
    connection: Connection,
    ids: Sequence[int],
    score: Callable[[Columns], float],
    near: Mapping[int, float],
    where: str,
    values: tuple[str, ...],
) -> list[Hit]:
    marks = ", ".join("?" for _ in ids)
    rows = connection.execute(
        "SELECT tool.id, toolkit.name, tool.name, tool.description, words.name, words.toolkit, "
        "words.description, words.parameters, words.about "
        "FROM words JOIN tool ON tool.id = words.rowid JOIN toolkit ON toolkit.id = tool.toolkit "
        f"WHERE words.rowid IN ({marks}){where}",
        (*ids, *values),
    )
    # What only words find is taken to be as far as the last that is near.
    farthest = min(near.values(), default=0.0)
    hits = []
    for id, toolkit, tool, description, *words in rows:
        meaning = near.get(id, farthest) - farthest
        fit = score(Columns(description, *words)) + MEANING_WEIGHT * meaning
        hits.append(Hit(toolkit, tool, description, round(fit, 4)))
    return hits


def _merged(hits: Iterable[Hit]) -> list[Hit]:
    """The hits, each with those behind it that are the same tool."""
    alike: dict[tuple[str, ...], list[Hit]] = {}
    for hit in hits:
        words = (word for word in words_of(hit.tool) if word not in _METHODS)
        alike.setdefault((hit.description, *words), []).append(hit)
    return [replace(same[0], also=tuple(hit.id for hit in same[1:])) for same in alike.values()]


def _all(connection: Connection, where: str, values: tuple[str, ...], limit: int) -> tuple[Hit, ...]:
    rows = connection.execute(
        "SELECT toolkit.name, tool.name, tool.description "
        "FROM tool JOIN toolkit ON toolkit.id = tool.toolkit "
        f"WHERE 1 = 1{where} ORDER BY toolkit.name, tool.name LIMIT ?",
        (*values, limit),
    )
    return tuple(Hit(toolkit, tool, description, 0.0) for toolkit, tool, description in rows)
