"""Reads a file of lines that another process appends to, each line once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from funcdex.rundir.files import disk_faults


class Following:
    """The lines of the file at `path`, as far as they are whole. `linefile.py` writes them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newline_at = 0  # Where the last line that was given ends; before any, the file's beginning.

    def new_lines(self) -> Iterator[bytes]:
        """Those that came since the last time, blank ones left out; an absent file has none.

        What is not whole yet is left for the next time. Raises CheckpointError.
        """
        with disk_faults(self._path, "reading the run directory", "Repair the disk or restore the file."):
            if not self._path.exists():
                return
            with self._path.open("rb") as file:
                # From the newline itself: it moves on where blanks are put before it.
                at = file.seek(self._newline_at)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    at += len(line)
                    self._newline_at = at - 1
                    if not line.isspace():
                        yield line
