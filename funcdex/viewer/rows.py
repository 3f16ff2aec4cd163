"""Lines of the files -> rows of the index, within a transaction that somebody else begins and ends."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.review import Review, changes_in
from funcdex.types.conversation import JsonValue
from funcdex.viewer.entry import Entry, Flow, entry_of

MOST_LINE_BYTES = 64 * 2**20
"""A longer line is no record of ours, and would have to be held in memory."""
_DRAFT_ID = re.compile(rb'\{"id":\s?"([\w.:-]{1,200})"')
_WRITTEN = re.compile(
    rb'\{"entry":\s?"(?:stage|rejected)",\s?"id":\s?"([\w.:-]{1,200})",\s?"stage":\s?"conversation"'
)
LONGEST_COUNTED = 23
"""Turns and calls beyond are counted together."""
_COUNTED_OF_A_ROW = ("state", "stage", "reason", "kind", "score", "turns", "calls", "messages", "tokens")
_COUNTED_EVENTS = frozenset({"retry", "hedged", "down", "opened", "refused", "joined"})


class Rows:
    """Adds rows. What is only counted is held back until `flush`, once for many."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.forget()

    def forget(self) -> None:
        """Drops what was held back: the transaction is rolled back, or the tables are empty."""
        self._facets: Counter[tuple[str, str]] = Counter()
        self._events: Counter[tuple[str, str, str]] = Counter()
        self._flows: Counter[tuple[int, str, str, str]] = Counter()

    def record(self, source: str, number: int, at: int, line: bytes) -> bool:
        """A record that starts at a byte of its file. False for what is none."""
        value = line_value(line)
        if not isinstance(value, dict):
            return False
        try:
            entry = entry_of(value, source, f"line_{number:06d}")
        except (ValueError, RecursionError):
            return False
        self._insert(entry, source, self._free_key(entry.key, source, number), at, len(line))
        return True

    def draft(self, key: str, at: int, length: int) -> None:
        """Where a conversation stands in the form in which it was written."""
        self.connection.execute("INSERT OR REPLACE INTO draft VALUES (?, ?, ?)", (key, at, length))

    def written(self, key: str, file: str, at: int, length: int) -> None:
        """Where in which file of the journal it stands how a conversation was written."""
        self.connection.execute("INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)", (key, file, at, length))

    def event(self, endpoint: str, event: str, fault: str) -> None:
        """Something that befell an endpoint."""
        self._events[endpoint, event, fault] += 1

    def review(self, key: str, review: Review) -> None:
        """Where a conversation stands by hand, whether its record is known by now or not."""
        values = (review.decision, review.flagged, review.edit is not None, review.note)
        self.connection.execute("INSERT OR REPLACE INTO review VALUES (?, ?, ?, ?, ?)", (key, *values))
        self.connection.execute(
            "UPDATE conversation SET decision = ?, flagged = ?, edited = ?, note = ?, "
            "standing = coalesce(?, state) WHERE key = ?",
            (*values, review.decision, key),
        )

    def reviewed(self, key: str) -> Review:
        """What was said of a conversation so far; of an edit, only whether there is one matters here."""
        row = self.connection.execute("SELECT * FROM review WHERE key = ?", (key,)).fetchone()
        if row is None:
            return Review()
        told: JsonValue = {"decision": row["decision"], "flagged": bool(row["flagged"]), "note": row["note"]}
        return Review().after(told | ({"edit": {"dml": ""}} if row["edited"] else {}))

    def flush(self) -> None:
        """Adds what was counted."""
        add = self.connection.executemany
        add(
            "INSERT INTO facet VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, count) for key, count in self._facets.items()],
        )
        add(
            "INSERT INTO event VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, count) for key, count in self._events.items()],
        )
        add(
            "INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "requests = requests + excluded.requests, prompt = prompt + excluded.prompt, "
            "completion = completion + excluded.completion",
            [
                (*key, *(self._flows[*key, what] for what in ("requests", "prompt", "completion")))
                for key in dict.fromkeys(key[:3] for key in self._flows)
            ],
        )
        self.forget()

    def _free_key(self, key: str, source: str, number: int) -> str:
        """The key, or one beside it where the same file has it already. A run has it once in all: the later
        record takes the place of the earlier one."""
        row = self.connection.execute("SELECT * FROM conversation WHERE key = ?", (key,)).fetchone()
        if row is None:
            return key
        if row["source"] == source:
            return f"{key}~{number}"
        self._remove(row)
        return key

    def _remove(self, row: sqlite3.Row) -> None:
        found = self.connection.execute("SELECT kind, value FROM tag WHERE n = ?", (row["n"],))
        tags = [(tag["kind"], tag["value"]) for tag in found]
        self._facets.subtract(_facets(row, tags))
        for tag in tags:
            self.connection.execute(
                "DELETE FROM tag WHERE kind = ? AND value = ? AND n = ?", (*tag, row["n"])
            )
        self.connection.execute("DELETE FROM conversation WHERE n = ?", (row["n"],))

    def _insert(self, entry: Entry, source: str, key: str, at: int, length: int) -> None:
        by_hand = self.reviewed(key)
        values = (
            *(key, source, at, length, entry.state, entry.stage, entry.reason, entry.kind),
            *("+".join(entry.toolkits), entry.score, entry.turns, entry.messages, entry.calls, entry.tokens),
            *(entry.model, entry.at, entry.title),
            *(by_hand.decision, by_hand.flagged, by_hand.edit is not None, by_hand.note),
            by_hand.decision or entry.state,
        )
        # Numbers are never used again: the words of a row that was removed still lead to its number.
        n = self.connection.execute(
            "INSERT INTO conversation VALUES ((SELECT coalesce(max(rowid), 0) + 1 FROM words_docsize), "
            f"{', '.join('?' * len(values))})",
            values,
        ).lastrowid
        self.connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (n, entry.text or "-"))
        tags = [("toolkit", one) for one in entry.toolkits] + [("tool", one) for one in entry.tools]
        self.connection.executemany("INSERT OR IGNORE INTO tag VALUES (?, ?, ?)", [(*tag, n) for tag in tags])
        told = {name: getattr(entry, name) for name in _COUNTED_OF_A_ROW}
        self._facets.update(_facets(told, tags))
        self._count_flows(entry.flows)

    def _count_flows(self, flows: Iterable[Flow]) -> None:
        for flow in flows:
            key = (flow.bucket, flow.endpoint, flow.stage)
            self._flows[*key, "requests"] += flow.requests
            self._flows[*key, "prompt"] += flow.prompt
            self._flows[*key, "completion"] += flow.completion


def _facets(
    row: Mapping[str, Any] | sqlite3.Row, tags: Sequence[tuple[str, str]]
) -> Counter[tuple[str, str]]:
    """What a row adds to the counts: by value, and of some also by state and value (`rejected kind`)."""
    state = row["state"]
    both = [("kind", row["kind"]), *(tag for tag in tags if tag[0] == "toolkit")]
    both += [("score", f"{row['score']:g}")] if row["score"] >= 0 else []
    alone = [("reason", row["reason"]), *(tag for tag in tags if tag[0] != "toolkit")]
    found = Counter(one for one in (*alone, *both) if one[1])
    found.update((f"{state} {name}", value) for name, value in both if value)
    found["state", state] += 1
    if state == "rejected":
        found["stage", row["stage"]] += 1
    if row["messages"]:
        for name in ("turns", "calls"):
            found[name, str(min(row[name], LONGEST_COUNTED))] += 1
    found["sum", "tokens"] += row["tokens"]
    return found


def line_value(line: bytes) -> JsonValue:
    """The JSON of a line; None for what is no JSON, or too long to be a record."""
    if len(line) > MOST_LINE_BYTES:
        return None
    try:
        return from_line(line)
    except (ValueError, RecursionError):
        return None


def draft_key(rows: Rows, at: int, line: bytes) -> bool:
    """A line of `conversations.jsonl`, of which only the id is read."""
    found = _DRAFT_ID.match(line)
    if found is None:
        return False
    rows.draft(found[1].decode(), at, len(line))
    return True


def written_key(rows: Rows, file: str, at: int, line: bytes) -> bool:
    """An entry of the journal, of which only the beginning is read."""
    if (found := _WRITTEN.match(line)) is not None:
        rows.written(found[1].decode(), file, at, len(line))
    return True


def review_change(rows: Rows, line: bytes) -> bool:
    """A line of the reviews."""
    for id, change in changes_in([line]):
        rows.review(id, rows.reviewed(id).after(change))
        return True
    return False


def event_of(rows: Rows, line: bytes) -> bool:
    """A line of the log; only what befalls endpoints is counted."""
    value = line_value(line)
    if not isinstance(value, dict):
        return False
    event, endpoint, fault = value.get("event"), value.get("endpoint"), value.get("fault")
    if isinstance(event, str) and isinstance(endpoint, str) and event in _COUNTED_EVENTS:
        rows.event(endpoint[:500], event, fault[:100] if isinstance(fault, str) else "")
    return True
