"""A row's record as it stands in its file, and all that is known of it elsewhere: how it was written, what
was decided by hand, earlier versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from funcdex.dataset.earlier import Earlier, earlier_of
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.errors import CheckpointError, MarkupError, MessagesError
from funcdex.rundir.files import disk_faults
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.review import Edit, Review, read_reviews
from funcdex.rundir.segments import segments
from funcdex.types.conversation import Conversation
from funcdex.types.fault import Fault
from funcdex.types.tools import Tool
from funcdex.validate import faults_of, may_fail, read_conversation, read_given, read_tools
from funcdex.verify.given import Given
from funcdex.viewer.index import Index
from funcdex.viewer.source import Looked


@dataclass(frozen=True, slots=True)
class Told:
    """A record and what it says. `conversation` is None where it has none that can be read, and `unreadable`
    says why; `dml` is its text. `tools` is None where nobody knows which were shown; `sure`: they are those
    that were shown, and not all of the toolkits'."""

    record: Mapping[str, Any]
    conversation: Conversation | None
    dml: str
    unreadable: str
    tools: tuple[Tool, ...] | None
    sure: bool
    given: Given

    @property
    def errors_fit(self) -> bool:
        """Whether tools may fail in a form that their schemas do not describe."""
        return may_fail(self.record)


def told_by(index: Index, looked: Looked, row: sqlite3.Row) -> Told:
    """Reads a row's record. Raises CheckpointError if its file has changed and the index does not know
    yet."""
    path = looked.rejected if row["source"] == "rejected" else looked.accepted
    assert path is not None
    record = _at(path, row["start"], row["length"])
    found = index.reading.execute("SELECT start, length FROM draft WHERE key = ?", (row["key"],)).fetchone()
    if found is not None and looked.drafts is not None and row["source"] == "rejected":
        written = _at(looked.drafts, found["start"], found["length"])
        record = {**written, **record, "tools": written.get("tools")} if written.get("tools") else record
    return read(record, looked)


def read(record: Mapping[str, Any], looked: Looked) -> Told:
    """What a record says."""
    conversation, unreadable = _conversation(record)
    dml = record.get("conversation_dml")
    if not isinstance(dml, str):
        dml = _written(conversation)
    tools, sure = _tools(record, looked)
    return Told(record, conversation, dml, unreadable, tools, sure, _given(record, looked))


def with_text(told: Told, dml: str) -> Told:
    """The same with another text. Raises MarkupError if it cannot be read."""
    return replace(told, conversation=parse(dml), dml=dml, unreadable="")


def faults_in(told: Told, looked: Looked) -> tuple[Fault, ...]:
    """Every fault, as the run's verification tells them; those of tools only where it is sure what was
    shown."""
    if told.conversation is None:
        return ()
    tools = told.tools
    return faults_of(told.record, told.conversation, tools, told.given, looked.checks)


def review_of(looked: Looked, key: str) -> Review:
    """What was decided of a conversation."""
    return read_reviews(looked.review).get(key, Review())


@dataclass(frozen=True, slots=True)
class History:
    """What the journal has of a conversation: the texts of `tries` that were given up before the one that is
    recorded, and what that one was before each of its corrections."""

    tries: Sequence[str] = ()
    earlier: Sequence[Earlier] = ()


def history_of(index: Index, looked: Looked, key: str, told: Told) -> History:
    """Of a row of a run; what cannot be read is left out. Raises CheckpointError."""
    texts = [(value["dml"], value.get("corrected")) for value in _values_written(index, looked, key)]
    recorded = _plain(told.dml)
    latest = next((one for one in reversed(texts) if _plain(one[0]) == recorded), None)
    tries = dict.fromkeys(text for text, _ in texts if _plain(text) != recorded)
    return History(tuple(tries), earlier_of(*latest) if latest else ())


def _plain(dml: str) -> str:
    """A text without what makes no difference: blanks, and how its JSON is set."""
    try:
        return write(parse(dml))
    except (MarkupError, ValueError):
        return dml.strip()


def _values_written(index: Index, looked: Looked, key: str) -> Iterator[Mapping[str, Any]]:
    """What each entry about how it was written says, in order, as far as the journal's files count."""
    rows = index.reading.execute(
        "SELECT * FROM written WHERE key = ? ORDER BY file, start", (key,)
    ).fetchall()
    if not rows or looked.run is None:
        return
    parts = {part.path.name: part for part in segments(looked.run)}
    for row in rows:
        part = parts.get(row["file"])
        if part is None or (part.limit is not None and row["start"] + row["length"] > part.limit):
            continue
        try:
            entry = _at(part.path, row["start"], row["length"])
        except CheckpointError:  # A page without what was before is better than none.
            continue
        value = entry.get("value")
        if entry.get("id") == key and isinstance(value, dict) and isinstance(value.get("dml"), str):
            yield value


def versions_of(told: Told, history: History, edit: Edit | None) -> Mapping[str, str]:
    """The texts that there are of a conversation, the oldest first: earlier tries, as it was before each
    correction, as recorded, as edited."""
    found = {f"try {number}": text for number, text in enumerate(history.tries, 1)}
    recorded = _plain(told.dml)
    for one in history.earlier:
        if one.text is not None and _plain(one.text) != recorded:
            found[f"before correction {one.number}"] = one.text
    if told.dml:
        found["recorded"] = told.dml
    return found | ({"edited": edit.dml} if edit else {})


def _at(path: Path, start: int, length: int) -> Mapping[str, Any]:
    with disk_faults(path, "reading a record", "Look again in a moment."), path.open("rb") as file:
        file.seek(start)
        line = file.read(length)
    try:
        value = from_line(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CheckpointError(
            "the file has changed since it was read", where=str(path), fix="Look again in a moment."
        )
    return value


def _conversation(record: Mapping[str, Any]) -> tuple[Conversation | None, str]:
    if not record.get("conversation_dml") and not record.get("messages"):
        return None, ""
    try:
        return read_conversation(record), ""
    except (MarkupError, MessagesError) as error:
        return None, str(error)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        return None, f"{type(error).__name__}: {error}"


def _written(conversation: Conversation | None) -> str:
    if conversation is None:
        return ""
    try:
        return write(conversation)
    except ValueError:
        return ""


def _tools(record: Mapping[str, Any], looked: Looked) -> tuple[tuple[Tool, ...] | None, bool]:
    try:
        tools = read_tools(record, looked.toolkits) if record.get("tools") is not None else None
    except (KeyError, TypeError, ValueError, AttributeError):
        tools = None
    if tools is not None:
        return tools, True
    return looked.tools_of(record.get("toolkits")), False


def _given(record: Mapping[str, Any], looked: Looked) -> Given:
    given = read_given(record, looked.language)
    lineage = record.get("lineage")
    told: Mapping[str, Any] = lineage if isinstance(lineage, dict) else {}
    today = record.get("today")
    try:
        day = date.fromisoformat(today) if isinstance(today, str) and today else None
    except ValueError:
        day = None
    persona, scenario = told.get("persona"), told.get("scenario")
    return replace(
        given,
        persona=given.persona or (persona if isinstance(persona, str) else None),
        scenario=given.scenario or (scenario if isinstance(scenario, str) else None),
        today=day,
    )
