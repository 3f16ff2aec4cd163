"""Reads a run directory or a data set, line by line, and says what it could not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from funcdex.errors import ConfigError
from funcdex.ordinary_file import open_ordinary
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import read_manifest
from funcdex.stats.diversity import Encode
from funcdex.stats.figures import Figures
from funcdex.stats.tokens import TokenCounter
from funcdex.stats.told import told_by
from funcdex.types.record import OutputName

MOST_LINE_BYTES = 64 * 2**20
"""A longer line is no record of ours, and would have to be held in memory."""
NAMED_AT_MOST = 20
"""Bad lines that are named; all are counted."""

OF_A_RUN: tuple[OutputName, ...] = ("parsed_conversations", "rejected")


@dataclass(slots=True)
class Stats:
    """`planned` of a run; None of a file. `bad` names lines that say nothing that can be counted."""

    planned: int | None
    files: tuple[str, ...]
    figures: Figures
    lines: int = 0
    bad_lines: int = 0
    bad: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        read = {"files": list(self.files), "lines": self.lines}
        told = {"bad_lines": self.bad_lines, "bad": list(self.bad)}
        return read | {"planned": self.planned} | told | self.figures.as_json()


def stats_of(
    path: Path, tokens: TokenCounter | None = None, encode: Encode | None = None, seed: int = 0
) -> Stats:
    """Of a run directory, or of a file of JSON Lines. `tokens` counts tokens (estimated without), `encode`
    makes vectors of texts to tell how far apart they are, `seed` draws the sample that is compared. Raises
    ConfigError if it cannot be read, and CheckpointError for a folder that is no run."""
    planned, files = None, [path]
    if os.path.isdir(path):
        run = RunDir(path)
        planned, files = read_manifest(run).count, [run.output(name) for name in OF_A_RUN]
    stats = Stats(planned, tuple(map(str, files)), Figures(tokens, seed))
    for file in files:
        if planned is None or os.path.exists(file):  # A run that has only begun has none.
            _read(file, stats)
    stats.figures.compare_texts(encode)
    return stats


def _read(path: Path, stats: Stats) -> None:
    try:
        with open_ordinary(path) as file:
            for number, line in enumerate(_lines(file), 1):
                _take(line, f"{path.name}:{number}", stats)
    except OSError as error:
        raise ConfigError(
            f"cannot read it: {error.strerror}",
            where=str(path),
            fix="Give a run directory or a JSON Lines file.",
        ) from error


def _take(line: bytes | None, where: str, stats: Stats) -> None:
    stats.lines += 1
    try:
        if line is None:
            raise ValueError(f"more than {MOST_LINE_BYTES >> 20} MB")
        stats.figures.take(told_by(from_line(line)))
    except (ValueError, RecursionError) as error:
        stats.bad_lines += 1
        if len(stats.bad) < NAMED_AT_MOST:
            stats.bad.append(f"{where}: {str(error)[:200] or type(error).__name__}")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Each line that is not blank; None for one that is too long."""
    while line := file.readline(MOST_LINE_BYTES):
        if len(line) < MOST_LINE_BYTES or line.endswith(b"\n"):
            if not line.isspace():
                yield line
            continue
        while (more := file.readline(MOST_LINE_BYTES)) and not more.endswith(b"\n"):
            pass
        yield None
