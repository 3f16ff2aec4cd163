"""What somebody looks for, and how it is asked of the index: filters, words, an order, a page.

Pages are found by key: the value of the order and the number of the last row, so that the thousandth page
costs no more than the first, and rows that come meanwhile move nothing.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from funcdex.viewer.index import Index

PAGE_ROWS = 50
MOST_COUNTED = 10_000
"""Beyond, a count of what was found is "more than"."""
_MOST_WORDS = 12
_SHORTEST_BEGINNING = 3
ORDERS: Mapping[str, tuple[str, str]] = {
    "new": ("n", "DESC"),
    "old": ("n", "ASC"),
    "worst": ("score", "ASC"),
    "best": ("score", "DESC"),
    "long": ("messages", "DESC"),
    "short": ("messages", "ASC"),
}
STATES: Mapping[str, str] = {
    "accepted": "c.standing = 'accepted'",
    "rejected": "c.standing = 'rejected'",
    "flagged": "c.flagged",
    "edited": "c.edited",
    "noted": "c.note != ''",
    "by_hand": "c.decision IS NOT NULL",
    "open": "c.decision IS NULL AND NOT c.flagged",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty: anything. `q` are words, all of which have to occur, the last one also as a beginning."""

    q: str = ""
    state: str = ""
    toolkit: str = ""
    kind: str = ""
    tool: str = ""
    reason: str = ""
    score: str = ""
    order: str = "new"

    @property
    def any(self) -> bool:
        """Whether anything is filtered."""
        return replace(self, order="new") != Filters()

    def as_query(self, **more: str) -> str:
        """As the query part of an address, with `?`; empty if there is nothing to say."""
        told = {one.name: getattr(self, one.name) for one in fields(self)} | more
        if told["order"] == "new":
            del told["order"]
        query = urlencode({name: value for name, value in told.items() if value}, errors="replace")
        return f"?{query}" if query else ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the keys of the pages beside: None where there is none."""

    rows: tuple[sqlite3.Row, ...]
    before: str | None
    after: str | None


def filters_of(query: Mapping[str, str]) -> Filters:
    """Of the parameters of an address; what is not known is left out."""
    told = {one.name: query.get(one.name, "")[:500].strip() for one in fields(Filters)}
    told["order"] = told["order"] if told["order"] in ORDERS else "new"
    told["state"] = told["state"] if told["state"] in STATES else ""
    return Filters(**told)


def page(index: Index, filters: Filters, *, after: str = "", before: str = "", rows: int = PAGE_ROWS) -> Page:
    """A page after, or before, a key; the first without either. A key that makes no sense is none."""
    backwards = bool(_key(before)) and not _key(after)
    found = _rows(index, filters, _key(before) if backwards else _key(after), backwards, rows + 1)
    more, found = len(found) > rows, found[:rows]
    if backwards:
        found.reverse()
    is_first = not more if backwards else not _key(after)
    is_last = False if backwards else not more
    keys = [key_of(row, filters) for row in (found[:1] + found[-1:])]
    return Page(
        tuple(found),
        before=None if is_first or not keys else keys[0],
        after=None if is_last or not keys else keys[-1],
    )


def key_of(row: sqlite3.Row, filters: Filters) -> str:
    """The key of the pages that end before and begin after this row."""
    column = ORDERS[filters.order][0]
    return str(row["n"]) if column == "n" else f"{row[column]:g}.{row['n']}"


def neighbours(
    index: Index, filters: Filters, row: sqlite3.Row
) -> tuple[sqlite3.Row | None, sqlite3.Row | None]:
    """The rows before and after one, in the order in which they are looked through."""
    key = _key(key_of(row, filters))
    before, after = (_rows(index, filters, key, backwards, 1) for backwards in (True, False))
    return (before[0] if before else None), (after[0] if after else None)


def by_key(index: Index, key: str) -> sqlite3.Row | None:
    """One row."""
    row: sqlite3.Row | None = index.reading.execute(
        "SELECT * FROM conversation WHERE key = ?", (key.encode("utf-8", "replace").decode(),)
    ).fetchone()
    return row


def count(index: Index, filters: Filters) -> tuple[int, bool]:
    """How many there are, and whether there are more than were counted."""
    tables, where, values = _asked(filters)
    if tables == "conversation c" and not where:
        return known(index), False
    asked = f"SELECT 1 FROM {tables} {_where(where)} LIMIT {MOST_COUNTED + 1}"
    found: int = index.reading.execute(f"SELECT count(*) FROM ({asked})", values).fetchone()[0]
    return min(found, MOST_COUNTED), found > MOST_COUNTED


def known(index: Index) -> int:
    """How many conversations the index has."""
    asked = "SELECT coalesce(sum(count), 0) FROM facet WHERE kind = 'state'"
    found: int = index.reading.execute(asked).fetchone()[0]
    return found


def facets(index: Index) -> Mapping[str, list[tuple[str, int]]]:
    """The values one can filter by, each with its number of conversations, the commonest first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for kind, value, number in index.reading.execute(
        "SELECT kind, value, count FROM facet WHERE kind IN ('toolkit', 'kind', 'tool', 'reason', 'score') "
        "AND count > 0 ORDER BY count DESC, value LIMIT 5000"
    ):
        found.setdefault(kind, []).append((value, number))
    found.get("score", []).sort(key=lambda one: float(one[0]), reverse=True)
    return found


def _rows(
    index: Index, filters: Filters, key: tuple[float, int] | None, backwards: bool, most: int
) -> list[sqlite3.Row]:
    tables, where, values = _asked(filters)
    column, direction = ORDERS[filters.order]
    upwards = (direction == "ASC") != backwards
    sign, towards = (">", "ASC") if upwards else ("<", "DESC")
    n = "w.rowid" if "words w" in tables else "t.n" if "tag t" in tables else "c.n"
    if key is not None:
        where = [*where, f"{n} {sign} ?" if column == "n" else f"(c.{column}, c.n) {sign} (?, ?)"]
        values = [*values, *((key[1],) if column == "n" else key)]
    order = f"{n} {towards}" if column == "n" else f"c.{column} {towards}, c.n {towards}"
    asked = f"SELECT c.* FROM {tables} {_where(where)} ORDER BY {order} LIMIT {most}"
    return index.reading.execute(asked, values).fetchall()


def _asked(filters: Filters) -> tuple[str, list[str], list[str | float]]:
    """Tables, conditions and their values. What finds fewest goes first; SQLite keeps the order of CROSS
    JOIN."""
    tables: list[str] = []
    where: list[str] = []
    values: list[str | float] = []
    words = match_of(filters.q)
    if filters.q:
        tables.append("words w")
        where.append("w.words MATCH ?")
        values.append(words or '"\x01"')
    for kind in ("tool", "toolkit"):
        if value := getattr(filters, kind):
            if tables:
                n = "w.rowid" if tables[0] == "words w" else "t.n"
                where.append(
                    f"EXISTS (SELECT 1 FROM tag x WHERE (x.kind, x.value, x.n) = ('{kind}', ?, {n}))"
                )
            else:
                tables.append("tag t")
                where.append(f"t.kind = '{kind}' AND t.value = ?")
            values.append(value)
    joined = {"words w": "w.rowid", "tag t": "t.n"}
    text = (
        tables[0] + f" CROSS JOIN conversation c ON c.n = {joined[tables[0]]}" if tables else "conversation c"
    )
    for column in ("kind", "reason"):
        if value := getattr(filters, column):
            where.append(f"c.{column} = ?")
            values.append(value)
    if filters.score:
        where.append("c.score = ?")
        values.append(_number(filters.score))
    if filters.state:
        where.append(STATES[filters.state])
    return text, where, values


def match_of(text: str) -> str:
    """Words in the index's language: letters and digits as its tokenizer sees them. Empty if there are
    none."""
    plain = "".join(char if unicodedata.category(char)[0] in "LN" else " " for char in text)
    words = plain.split()[:_MOST_WORDS]
    if not words:
        return ""
    goes_on = text[-1:].isalnum() and len(words[-1]) >= _SHORTEST_BEGINNING
    return " AND ".join(f'"{word}"' for word in words) + (" *" if goes_on else "")


def _where(conditions: list[str]) -> str:
    return "WHERE " + " AND ".join(f"({one})" for one in conditions) if conditions else ""


def _key(text: str) -> tuple[float, int] | None:
    value, _, n = text.rpartition(".")
    try:
        number = int(n)
        return (float(value) if value else 0.0, number) if abs(number) < 2**62 else None
    except ValueError:
        return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -2.0
