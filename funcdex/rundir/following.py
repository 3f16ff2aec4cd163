"""Reads a file of lines that another process appends to, each line once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from funcdex.rundir.files import disk_faults


class Following:
    """The lines of the file at `path`, as far as they are whole. `linefile.py` writes them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen_bytes = 0
        self._inode: int | None = None

    @property
    def replaced(self) -> bool:
        """Whether another file lies there now than the one that was read."""
        return (
            self._inode is not None and os.path.exists(self._path) and self._path.stat().st_ino != self._inode
        )

    def new_lines(self, limit: int | None = None) -> Iterator[bytes]:
        """Those that came since the last time, blank ones left out; an absent file has none.

        What is not whole yet is left for the next time, and what lies behind so many bytes of the file to
        nobody. Raises CheckpointError.
        """
        with disk_faults(self._path, "reading the run directory", "Repair the disk or restore the file."):
            if not os.path.exists(self._path):
                return
            with self._path.open("rb") as file:
                self._inode = os.fstat(file.fileno()).st_ino
                file.seek(self._seen_bytes)
                for line in file:
                    if limit is not None and self._seen_bytes + len(line) > limit:
                        return
                    if not line.endswith(b"\n"):
                        return
                    self._seen_bytes += len(line)
                    # A newline that was seen may have moved on since, with blanks before it.
                    if not line.isspace():
                        yield line
