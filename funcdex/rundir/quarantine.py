"""Damaged lines of the journal are put aside, in a file beside it, so that it reads as JSON again.

A disk, a copy that went wrong or a hand can damage a line anywhere. What it recorded is done again; its bytes
are kept, for whoever wants to know what happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funcdex.rundir.files import disk_faults, replacement, sync_folder
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.linefile import LineFile


def quarantine(run: RunDir, numbers: Sequence[int]) -> None:
    """Moves the lines of these numbers, from 1, out of the journal. Blocks; no journal may be open.

    Each becomes `{"line": number, "latin1": its bytes}`. A line is in one of the two files at every moment;
    a kill in between leaves it in both, and the next resume ends that. Raises CheckpointError.
    """
    if not numbers:
        return
    damaged = set(numbers)
    with disk_faults(run.damaged, "putting damaged lines aside"):
        with LineFile(run.damaged) as beside:
            there = {kept.rstrip() for kept in run.damaged.read_bytes().splitlines()}
            for number, line in _lines(run):
                if number in damaged:
                    kept = as_line({"line": number, "latin1": line.decode("latin-1")})
                    beside.append(b"" if kept.rstrip() in there else kept)
            beside.sync()
        sync_folder(run.damaged.parent)
        with replacement(run.journal) as mended:
            mended.writelines(line for number, line in _lines(run) if number not in damaged)


def _lines(run: RunDir) -> Iterator[tuple[int, bytes]]:
    with run.journal.open("rb") as file:
        yield from enumerate(file, 1)
