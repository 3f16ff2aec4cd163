"""Where everything of an evaluation lies, and what was asked of it.

eval.json       what was asked: data set, model, sampling; written once
answers.jsonl   what came back, a line for each context: the journal, from which an evaluation goes on
records.jsonl   each context: what was expected, what was answered, what is wrong; made from the answers
scores.json     all figures, likewise
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from funcdex.errors import CheckpointError, ConfigError
from funcdex.ordinary_file import open_ordinary
from funcdex.rundir.files import disk_faults, replace_file
from funcdex.rundir.layout import RunDir

FORMAT = 1
_CHUNK_BYTES = 1 << 20
_OTHER_FOLDER = "Begin another evaluation with --out."


@dataclass(frozen=True, slots=True)
class EvalDir:
    """The folder of one evaluation, at `path`. It need not exist."""

    path: Path

    @property
    def asked(self) -> Path:
        """What was asked. A folder with this file is an evaluation."""
        return self.path / "eval.json"

    @property
    def answers(self) -> Path:
        """The journal."""
        return self.path / "answers.jsonl"

    @property
    def records(self) -> Path:
        """Context by context."""
        return self.path / "records.jsonl"

    @property
    def scores(self) -> Path:
        """All figures."""
        return self.path / "scores.json"

    @property
    def as_run(self) -> RunDir:
        """Its lock is that of a run directory."""
        return RunDir(self.path)

    @property
    def exists(self) -> bool:
        """Whether an evaluation was begun here."""
        return os.path.isfile(self.asked)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file as it is read: `digest` is of its bytes (SHA-256), `lines` counts its newlines."""

    path: str
    digest: str
    lines: int


def dataset_at(path: Path) -> Dataset:
    """Reads it once. Raises ConfigError."""
    digest, lines = sha256(), 0
    try:
        with open_ordinary(path) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                lines += chunk.count(b"\n")
    except OSError as error:
        raise ConfigError(
            f"cannot read the data set: {error.strerror}", where=str(path), fix="Name a JSON Lines file."
        ) from error
    return Dataset(str(path), digest.hexdigest(), lines)


@dataclass(frozen=True, slots=True)
class Asked:
    """What answers depend on: with another value they would be answers to something else."""

    dataset: str
    digest: str
    limit: int | None
    model: str | None
    sampling: Mapping[str, Any]
    seed: int
    tool_choice: str
    calls_in_text: bool
    format: int = FORMAT
    funcdex: str = ""
    created_at: str = ""


_MAY_DIFFER = frozenset({"dataset", "limit", "format", "funcdex", "created_at", "calls_in_text"})
"""Of what was asked: the data set is compared by its digest, more or less of it may be asked for, and how
answers are read may change."""


def write_asked(folder: EvalDir, asked: Asked) -> None:
    """Durably. Raises CheckpointError."""
    replace_file(folder.asked, json.dumps(asdict(asked), indent=2).encode() + b"\n")


def read_asked(folder: EvalDir) -> Asked:
    """Raises CheckpointError if there is none, or it is damaged, or of a newer version."""
    with disk_faults(folder.asked, "reading what was asked", "Name the folder of an evaluation."):
        text = folder.asked.read_bytes()
    try:
        told = json.loads(text)
        asked = Asked(**told)
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"damaged: {error}", where=str(folder.asked), fix=_OTHER_FOLDER) from error
    if not isinstance(asked.format, int) or asked.format > FORMAT:
        raise CheckpointError(
            f"the evaluation has format {asked.format}, this version knows {FORMAT}",
            where=str(folder.asked),
            fix="Use a newer funcdex.",
        )
    return asked


def refuse_changes(begun: Asked, now: Asked, folder: EvalDir) -> None:
    """Raises CheckpointError if the answers that are there are to another question."""
    before, after = asdict(begun), asdict(now)
    found = [
        f"{name}: {before[name]!r}, now {after[name]!r}"
        for name in before
        if name not in _MAY_DIFFER and before[name] != after[name]
    ]
    if found:
        raise CheckpointError(
            f"the evaluation was begun otherwise: {'; '.join(found)}",
            where=str(folder.asked),
            fix=_OTHER_FOLDER,
        )
