"""Durable replacement of whole files, and the one edge at which the disk's faults become ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from funcdex.errors import CheckpointError

NOTHING_LOST = "Make room or repair the disk, then resume the run: all that was acknowledged is kept."

LINES_BUFFER_BYTES = 1 << 18
"""For files that are read line by line. Many a line is longer than the usual 8 KB, and would be put together
from pieces."""


@contextmanager
def disk_faults(path: Path, doing: str, fix: str = NOTHING_LOST) -> Iterator[None]:
    """Turns an OSError inside into a CheckpointError: `doing` is what could not be done, as in `writing`."""
    try:
        yield
    except OSError as fault:
        why = fault.strerror or str(fault)
        raise CheckpointError(f"{doing} failed: {why}", where=str(path), fix=fix) from fault


def replace_file(path: Path, data: bytes) -> None:
    """Puts `data` at `path` so that a reader, or a power cut, finds the old file or the new one, whole.

    Makes the folder if it is missing. Raises CheckpointError.
    """
    with disk_faults(path, "writing the file"):
        make_folder(path.parent)
        with replacement(path) as file:
            file.write(data)


@contextmanager
def replacement(path: Path) -> Iterator[BinaryIO]:
    """A file to write to; it becomes `path`, durably, when the block ends without a fault."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it, durably: a power cut must not take it with all that is in it."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Makes new and renamed entries of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
