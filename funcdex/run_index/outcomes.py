"""What became of the conversations of a run, as its readable outputs tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.ordinary_file import open_ordinary
from funcdex.rundir.files import disk_faults
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.types.record import OutputName

State = Literal["accepted", "rejected"]
MOST_LINE_BYTES = 64 * 2**20
_FILES: Mapping[OutputName, State] = {"parsed_conversations": "accepted", "rejected": "rejected"}
_LONGEST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """One conversation. `toolkits` are joined by `+`, `reason` is "" for an accepted one, `scores` JSON."""

    id: str
    state: State
    kind: str
    toolkits: str
    reason: str
    model: str
    scores: str


def outcomes_of(run: RunDir) -> Iterator[Outcome]:
    """Every conversation that has ended, the last word on each last. A line that is no record is passed over.
    Raises CheckpointError for a file that cannot be read."""
    for name, state in _FILES.items():
        path = run.output(name)
        if not path.exists():  # A run that has only begun has none.
            continue
        with disk_faults(path, "reading the outputs"), open_ordinary(path) as file:
            while line := file.readline(MOST_LINE_BYTES):
                if (found := _outcome(line, state)) is not None:
                    yield found


def _outcome(line: bytes, state: State) -> Outcome | None:
    try:
        record = from_line(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return None
    kits = record.get("toolkits")
    return Outcome(
        _text(record["id"]),
        state,
        _text(record.get("kind")),
        _text("+".join(map(str, kits)) if isinstance(kits, list) else ""),
        _text(record.get("reason")) if state == "rejected" else "",
        _text(record.get("model")),
        json.dumps(_scores(record.get("scores"))),
    )


def _scores(value: Any) -> dict[str, int]:
    items = value.items() if isinstance(value, dict) else ()
    return {_text(key): score for key, score in items if type(score) is int and abs(score) < 2**53}


def _text(value: object) -> str:
    return value[:_LONGEST_CHARS] if isinstance(value, str) else ""
