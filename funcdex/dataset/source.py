"""The records of a run or a file, one at a time; what cannot be read is counted and named, not fatal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from funcdex.dml.jsontext import flaw_of
from funcdex.errors import ConfigError
from funcdex.export.sample import Record, Sample, sample_of
from funcdex.ordinary_file import open_ordinary
from funcdex.printable import one_line
from funcdex.rundir.files import LINES_BUFFER_BYTES
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir

MOST_NAMED = 20
"""Damaged lines that are named; the others are only counted."""

_FIX = "Name a run directory, or a JSON Lines file with messages and tools."


@dataclass(slots=True)
class Damages:
    """Lines that were left out: how many, and where and why for the first of them."""

    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, line: int, why: str) -> None:
        """One more."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(f"line {line}: {one_line(why, 300)}")


@dataclass(frozen=True, slots=True)
class Source:
    """What is exported: the file of records, and the run that it is of, if it is."""

    path: Path
    run: RunDir | None

    def records(self, damages: Damages) -> Iterator[tuple[int, Record]]:
        """Line number, from 1, and record. Raises ConfigError if the file cannot be read."""
        try:
            with open_ordinary(self.path) as file:
                for number, line in enumerate(_lines(file.fileno()), 1):
                    if not line.strip():
                        continue
                    try:
                        yield number, _record(line)
                    except ValueError as error:
                        damages.add(number, str(error))
        except OSError as error:
            raise ConfigError(
                f"cannot read the records: {error.strerror}", where=str(self.path), fix=_FIX
            ) from error

    def samples(self, damages: Damages) -> Iterator[tuple[int, Record, Sample]]:
        """Line number, record, and the sample of each record that is one."""
        return samples_of(self.records(damages), damages)

    def scenarios(self) -> Mapping[str, str]:
        """The scenario of each conversation of the run, by its id; {} for a file alone."""
        if self.run is None:
            return {}
        path = self.run.output("accepted_conversations")
        if not os.path.isfile(path):
            return {}
        beside = Source(path, self.run)
        return {
            str(record["id"]): record["metadata"]["scenario"]
            for _, record in beside.records(Damages())
            if "id" in record
            and isinstance(record.get("metadata"), dict)
            and isinstance(record["metadata"].get("scenario"), str)
        }


def samples_of(
    records: Iterable[tuple[int, Record]], damages: Damages
) -> Iterator[tuple[int, Record, Sample]]:
    """Line number, record and sample of each record that makes one."""
    for number, record in records:
        try:
            sample = sample_of(record, f"line_{number:06d}")
        except (ValueError, RecursionError) as error:
            damages.add(number, str(error))
        else:
            yield number, record, sample


def source_of(path: Path) -> Source:
    """What the user named: a run directory, or a file of records, which may lie in a run."""
    if os.path.isdir(path):
        run = RunDir(path)
        if not run.exists:
            raise ConfigError("no run is in this folder: it has no manifest.json", where=str(path), fix=_FIX)
        records = run.output("parsed_conversations")
        if not os.path.exists(records):
            raise ConfigError(
                "the run has no accepted conversation yet",
                where=str(records),
                fix="Wait for the first, see `funcdex status`, or name another run.",
            )
        return Source(records, run)
    run = RunDir(path.parent)
    return Source(path, run if run.exists else None)


def _lines(descriptor: int) -> Iterator[bytes]:
    with os.fdopen(os.dup(descriptor), "rb", LINES_BUFFER_BYTES) as file:
        yield from file


def _record(line: bytes) -> Record:
    try:
        record: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        record = _slowly(line)
    if not isinstance(record, dict):
        raise ValueError("a line is a JSON object")
    return record


def _slowly(line: bytes) -> Any:
    """What orjson refuses may still be JSON, but not all of that can be written again."""
    try:
        record = from_line(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    if (flaw := flaw_of(record)) is not None:
        raise ValueError(flaw)
    return record
