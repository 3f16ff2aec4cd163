"""What people decided by hand about conversations: a file of its own beside the records, never the journal.

Each line is one JSON object: `at`, `id`, and what changes of `decision`, `flagged`, `note` and `edit`. Lines
are only ever added, each durable before it counts, and the last word on each of the four is the one that
holds. Several people may write at once: the file is locked for as long as a line takes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults, sync_folder
from funcdex.rundir.following import Following
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.layout import RunDir
from funcdex.types.conversation import JsonValue

Decision = Literal["accepted", "rejected"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
MOST_NOTE_CHARS = 10_000
MOST_EDIT_CHARS = 2_000_000


@dataclass(frozen=True, slots=True)
class Edit:
    """A conversation's text as somebody corrected it, and the reasons of the faults it had when saved."""

    dml: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """Where a conversation stands by hand; all empty: nobody said anything."""

    decision: Decision | None = None
    flagged: bool = False
    note: str = ""
    edit: Edit | None = None

    def after(self, change: Mapping[str, JsonValue]) -> Review:
        """With one line's change. What is not understood of it changes nothing."""
        review = self
        if "decision" in change and change["decision"] in (*DECISIONS, None):
            review = replace(review, decision=change["decision"])
        if isinstance(change.get("flagged"), bool):
            review = replace(review, flagged=change["flagged"])
        if isinstance(change.get("note"), str):
            review = replace(review, note=change["note"][:MOST_NOTE_CHARS])
        if "edit" in change:
            review = replace(review, edit=_edit(change["edit"], review.edit))
        return review


def review_path(records: Path) -> Path:
    """Where the reviews of a run directory, or of a file of records, lie. A file in a run shares the
    run's."""
    if os.path.isdir(records):
        return records / "review.jsonl"
    if RunDir(records.parent).exists:
        return records.parent / "review.jsonl"
    return records.with_name(f"{records.name}.review.jsonl")


def append_review(path: Path, id: str, change: Mapping[str, JsonValue]) -> None:
    """Adds one line and makes it durable. Blocks. Raises CheckpointError."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = as_line({"at": now, "id": id, **change})
    is_new = not os.path.exists(path)
    with disk_faults(path, "writing the review", "Make room, or make the folder writable."):
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A writer that was killed may have left half a line: it becomes a damaged line of its own.
            whole = b"\n" + line if _is_torn(descriptor) else line
            _write_all(descriptor, whole)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)


def read_reviews(path: Path) -> dict[str, Review]:
    """Every conversation that somebody said something about, by id. Raises CheckpointError."""
    reviews: dict[str, Review] = {}
    for id, change in changes_in(Following(path).new_lines()):
        reviews[id] = reviews.get(id, Review()).after(change)
    return reviews


def changes_in(lines: Iterable[bytes]) -> Iterable[tuple[str, Mapping[str, JsonValue]]]:
    """Id and change of each line; damaged ones are passed over."""
    for line in lines:
        try:
            change: Any = from_line(line)
        except ValueError:
            continue
        if isinstance(change, dict) and isinstance(change.get("id"), str):
            yield change["id"], change


def _edit(told: JsonValue, otherwise: Edit | None) -> Edit | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("dml"), str):
        return otherwise
    faults = told.get("faults")
    named = tuple(map(str, faults)) if isinstance(faults, list) else ()
    return Edit(told["dml"], named) if len(told["dml"]) <= MOST_EDIT_CHARS else otherwise


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if written == 0:
            raise CheckpointError(
                "writing the review wrote nothing", where="the review file", fix="Make room."
            )
        view = view[written:]
