"""What was admitted in one session, durably and in order: a file for each life of each actor that decides.

    dedup/000002-000-000.jsonl    what earlier sessions have journaled, written when session 2 began
    dedup/000002-000-001.jsonl    what the first life of actor 0 admitted
    dedup/000002-000-002.jsonl    ... and its second, after a restart

A life that was thought dead may still write to its own file; nobody asks it any more.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funcdex.dedup.protocol import Duplicate, Unsettled, Verdict
from funcdex.dedup.sketch import Sketch
from funcdex.errors import CheckpointError
from funcdex.rundir.files import LINES_BUFFER_BYTES, disk_faults, make_folder, sync_folder
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.linefile import LineFile

MOST_LIVES = 999


@dataclass(frozen=True, slots=True)
class Admitted:
    """One admission. `asker` is the conversation. Of a scenario there are text, vector (float16) and, where
    it was `Unsettled`, the verdict; of a conversation the sketch."""

    asker: str
    group: str
    text: str = ""
    vector: bytes | None = None
    verdict: Verdict = None
    sketch: Sketch | None = None


class Ledger:
    """The file of one life. Close it in the end."""

    def __init__(self, path: Path) -> None:
        with disk_faults(path, "opening the ledger"):
            self._file = LineFile(path)

    def add(self, admitted: Sequence[Admitted]) -> None:
        """Blocks until they are durable. Raises CheckpointError."""
        if admitted:
            with disk_faults(self._file.path, "writing the ledger"):
                self._file.append(b"".join(as_line(_as_json(one)) for one in admitted))
                self._file.sync()

    def close(self) -> None:
        """Nothing can be added any more."""
        self._file.close()


def folder_of(run: RunDir) -> Path:
    """Where the ledgers of a run lie."""
    return run.path / "dedup"


def next_life(run: RunDir, session: int, shard: int) -> Path:
    """The file of a new life, made now. Raises CheckpointError."""
    folder = folder_of(run)
    with disk_faults(folder, "opening the ledger"):
        make_folder(folder)
        for life in range(1, MOST_LIVES + 1):
            path = folder / f"{session:06d}-{shard:03d}-{life:03d}.jsonl"
            try:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644))
            except FileExistsError:
                continue
            sync_folder(folder)
            return path
    raise CheckpointError(
        f"what decides on duplicates was restarted {MOST_LIVES} times",
        where=str(folder),
        fix="Look into Ray's logs for what ends it, then resume the run.",
    )


def first_life(run: RunDir, session: int, shard: int) -> Path:
    """Where what earlier sessions have journaled is written."""
    return folder_of(run) / f"{session:06d}-{shard:03d}-000.jsonl"


def read_lives(run: RunDir, session: int | None, shard: int | None = None) -> Iterator[Admitted]:
    """All that a session, or one actor of it, has admitted, in order; None: all sessions. Lines that cannot
    be read say nothing. Raises CheckpointError."""
    folder = folder_of(run)
    begins = "" if session is None else f"{session:06d}-"
    begins += "" if shard is None else f"{shard:03d}-"
    with disk_faults(folder, "reading the ledger"):
        names = sorted(name for name in _names(folder) if name.startswith(begins))
        for name in names:
            with (folder / name).open("rb", LINES_BUFFER_BYTES) as file:
                for line in file:
                    try:
                        yield _from_json(from_line(line))
                    except (ValueError, KeyError, TypeError):
                        continue


def forget_before(run: RunDir, session: int) -> None:
    """Takes away the files of earlier sessions. Raises CheckpointError."""
    folder = folder_of(run)
    with disk_faults(folder, "clearing the ledger"):
        for name in _names(folder):
            if name < f"{session:06d}":
                (folder / name).unlink(missing_ok=True)


def write_first(path: Path, admitted: Iterable[Admitted]) -> None:
    """What earlier sessions have journaled, for those who decide in this one. Raises CheckpointError."""
    with disk_faults(path, "writing the ledger"):
        make_folder(path.parent)
        with LineFile(path) as file:
            for one in admitted:
                file.append(as_line(_as_json(one)))
            file.sync()
        sync_folder(path.parent)


def _names(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".jsonl")] if folder.is_dir() else []


def _as_json(one: Admitted) -> dict[str, Any]:
    told: dict[str, Any] = {"asker": one.asker, "group": one.group}
    if one.sketch is not None:
        said = one.sketch.said
        told["said"] = said.hex() if said is not None else None
        told["calls"] = one.sketch.calls
        told["words"] = _text(one.sketch.words.astype("<u4").tobytes())
        return told
    told["text"] = one.text
    told["vector"] = _text(one.vector) if one.vector is not None else None
    if isinstance(one.verdict, Unsettled):
        told["like"] = [[each.similarity, each.of] for each in one.verdict.candidates]
    return told


def _from_json(record: Any) -> Admitted:
    asker, group = str(record["asker"]), str(record["group"])
    if "words" in record:
        words = np.frombuffer(base64.b64decode(record["words"]), "<u4").astype(np.uint32)
        said = bytes.fromhex(record["said"]) if record["said"] is not None else None
        return Admitted(asker, group, sketch=Sketch(said, int(record["calls"]), words))
    vector = base64.b64decode(record["vector"]) if record["vector"] is not None else None
    like = record.get("like")
    verdict: Verdict = None
    if like is not None:
        verdict = Unsettled(tuple(Duplicate("adjudicator", float(near), str(of)) for near, of in like))
    return Admitted(asker, group, str(record["text"]), vector, verdict)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
