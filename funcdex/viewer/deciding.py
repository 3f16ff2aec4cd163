"""What somebody decides by hand: checked, written down durably, and known to the index at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from funcdex.errors import MarkupError
from funcdex.rundir.review import MOST_EDIT_CHARS, MOST_NOTE_CHARS, append_review
from funcdex.types.conversation import JsonValue
from funcdex.viewer.records import faults_in, review_of, told_by, with_text
from funcdex.viewer.views import View


class Unfit(Exception):
    """What cannot be decided, and why."""


def decide(view: View, row: sqlite3.Row, action: str, note: str = "") -> None:
    """`accept`, `reject` and `flag` say so, or take it back where it was said before; `note` sets the note.
    Raises Unfit, or CheckpointError if it cannot be written."""
    review = review_of(view.looked, row["key"])
    change: Mapping[str, JsonValue]
    if action in ("accept", "reject"):
        wanted = f"{action}ed"
        if action == "accept" and row["source"] == "rejected" and not _has_text(view, row):
            raise Unfit("There is no conversation to accept: it was given up before one was kept.")
        change = {"decision": None if review.decision == wanted else wanted}
    elif action == "flag":
        change = {"flagged": not review.flagged}
    elif action == "note":
        if len(note) > MOST_NOTE_CHARS:
            raise Unfit(f"A note has at most {MOST_NOTE_CHARS:,} characters.")
        change = {"note": note.replace("\r\n", "\n").strip()}
    else:
        raise Unfit("Nothing known is asked for.")
    _write(view, row, change)


def save_edit(view: View, row: sqlite3.Row, text: str, *, despite_faults: bool) -> bool:
    """Saves a corrected text; False, and nothing is saved, if it cannot be read, or has faults and was not
    to be saved despite them. Raises Unfit, CheckpointError."""
    if len(text) > MOST_EDIT_CHARS:
        raise Unfit(f"A conversation has at most {MOST_EDIT_CHARS:,} characters.")
    told = told_by(view.index, view.looked, row)
    try:
        faults = faults_in(with_text(told, text), view.looked)
    except MarkupError:
        return False
    if faults and not despite_faults:
        return False
    reasons: JsonValue = list(dict.fromkeys(fault.reason for fault in faults))
    _write(view, row, {"edit": {"dml": text, "faults": reasons}})
    return True


def withdraw_edit(view: View, row: sqlite3.Row) -> None:
    """Takes an edit back. The line that made it stays in the file."""
    _write(view, row, {"edit": None})


def _has_text(view: View, row: sqlite3.Row) -> bool:
    return told_by(view.index, view.looked, row).conversation is not None


def _write(view: View, row: sqlite3.Row, change: Mapping[str, JsonValue]) -> None:
    append_review(view.looked.review, row["key"], change)
    view.index.take_reviews()
