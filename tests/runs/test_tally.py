"""What a session counts is what its journal says afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace
from resume.histories import accepted, begun_run, rejected, stages_of, usage
from running import records

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import append_entries
from funcdex.rundir.layout import RunDir
from funcdex.rundir.log import RunLog
from funcdex.rundir.reading import read_journal
from funcdex.tally import Tally
from funcdex.types.record import Entry, Line, Rejected, StageDone


@dataclass
class Plain:
    """A journal without a thread of its own; full after so many appends."""

    run: RunDir
    room: int = 1000
    lines: list[Line] = field(default_factory=list)

    async def append(self, entries: Sequence[Entry], lines: Sequence[Line] = ()) -> None:
        if not self.room:
            raise CheckpointError("no space", where="here", fix="Make room.")
        self.room -= 1
        self.lines += lines
        append_entries(self.run, entries)


def of_many_samples(entry: Entry) -> Entry:
    other = replace(usage("conversation", 7, 3), model="other")
    more = (usage("conversation"), usage("correction", 100, 50), other)
    return replace(entry, usage=more) if isinstance(entry, StageDone | Rejected) else entry


async def test_tokens_and_ends_are_those_of_the_journal(tmp_path: Path) -> None:
    run = begun_run(tmp_path, [of_many_samples(entry) for entry in accepted("before")])
    now_s = 100.0
    with RunLog(run.log) as log:
        tally = Tally(log, dict(read_journal(run).tokens), clock=lambda: now_s)
        journal = tally.over(Plain(run))
        assert tally.pace.per_s(160.0) is None
        for entry in [*accepted("a"), *rejected("b", 6, "low_score"), *stages_of("c", 3)]:
            now_s += 1.0
            await journal.append([of_many_samples(entry)])
    assert tally.tokens == read_journal(run).tokens and set(tally.tokens) == {"tiny", "other"}
    assert tally.pace.per_s(120.0) == 2 / 20
    told = [(event["event"], event["conversation_id"], event["fault"]) for event in records(run.log)]
    assert told == [("accepted", "a", None), ("rejected", "b", "low_score")]


async def test_what_the_disk_did_not_take_is_not_counted(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    with RunLog(run.log) as log:
        tally = Tally(log, {})
        journal = tally.over(Plain(run, room=0))
        with pytest.raises(CheckpointError):
            await journal.append(accepted("a"))
    assert tally.tokens == {} and run.log.read_bytes() == b""
