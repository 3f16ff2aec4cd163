"""Damaged lines of the journal are put aside, in a file beside it, so that it reads as JSON again.

A disk, a copy that went wrong or a hand can damage a line anywhere. What it recorded is done again; its bytes
are kept, for whoever wants to know what happened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from funcdex.rundir.files import disk_faults, replacement, sync_folder
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.linefile import LineFile
from funcdex.rundir.segments import Segment, segments


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
        number = 0
        for part in segments(run):
            first, number = number + 1, number + sum(1 for _ in part.lines())
            if not damaged.isdisjoint(range(first, number + 1)):
                _mend(part, first, damaged)


def _mend(part: Segment, first: int, damaged: Collection[int]) -> None:
    with replacement(part.path) as mended:
        mended.writelines(line for at, line in enumerate(part.lines(), first) if at not in damaged)


def _lines(run: RunDir) -> Iterator[tuple[int, bytes]]:
    lines = (line for part in segments(run) for line in part.lines())
    yield from enumerate(lines, 1)
