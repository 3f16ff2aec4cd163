"""Owners of a range write one after the other, and what one writes that was thought dead counts for
nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import anyio
import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import Lines, append_entries, open_range
from funcdex.rundir.layout import RunDir
from funcdex.rundir.quarantine import quarantine
from funcdex.rundir.reading import WrittenConversations, read_journal
from funcdex.rundir.segments import (
    FencedFile,
    Segment,
    begin_ranges,
    file_of_one_process,
    segments,
    shut_out_earlier,
    take_over,
)
from funcdex.types.entry_json import entry_line
from funcdex.types.record import Entry
from resume.histories import accepted, begun_run, rejected, stages_of


def write(run: RunDir, own: Segment, entries: Iterable[Entry]) -> None:
    """Appends as an owner does."""
    with FencedFile(run, own) as file:
        file.append(_lines(entries))
        file.sync()


def write_regardless(own: Segment, entries: Iterable[Entry]) -> None:
    """Appends as one does whose check was just before it lost the range."""
    with own.path.open("ab") as file:
        file.write(_lines(entries))


def _lines(entries: Iterable[Entry]) -> bytes:
    return b"".join(entry_line(entry) for entry in entries)


def test_ranges_and_sessions_of_one_process_read_as_one_journal(tmp_path: Path) -> None:
    run = begun_run(tmp_path, accepted("a"))
    session = begin_ranges(run)
    write(run, take_over(run, session, 0), accepted("b"))
    write(run, take_over(run, session, 1), stages_of("c", 2))
    append_entries(run, [*stages_of("c")[2:], *rejected("d", 1)])
    state = read_journal(run)
    assert list(state.settled) == ["a", "b", "d"] and state.reached["c"] == 7
    assert [part.path.name for part in segments(run)] == [
        "000001.jsonl",
        "000002-0000-001.jsonl",
        "000002-0001-001.jsonl",
        "000003.jsonl",
    ]
    texts = WrittenConversations(run, list(state.written.values()))
    assert list(texts) == ["conversation "] * 3


def test_what_an_owner_writes_after_the_next_has_come_does_not_count(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    first = take_over(run, session, 0)
    write(run, first, stages_of("a", 2))
    second = take_over(run, session, 0)
    write_regardless(first, stages_of("a", 7, "too late")[2:])
    write(run, second, stages_of("a", 3, "in time")[2:])
    state = read_journal(run)
    assert state.reached == {"a": 3} and (state.repeated, state.passed_over) == (0, 0)
    assert state.unsettled["a"][2].value["dml"].endswith("in time")


def test_an_owner_that_has_lost_its_range_is_told(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    first = take_over(run, session, 0)
    with FencedFile(run, first) as file:
        file.append(_lines(stages_of("a", 1)))
        take_over(run, session, 0)
        file.append(_lines(stages_of("a", 2)[1:]))
        with pytest.raises(CheckpointError, match="taken over"):
            file.sync()
    assert read_journal(run).reached == {"a": 1}


def test_the_next_session_shuts_out_all_owners_of_the_last(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    old = take_over(run, session, 0)
    write(run, old, stages_of("a", 1))
    assert file_of_one_process(run).name == "000003.jsonl"
    write_regardless(old, stages_of("a", 2)[1:])
    with pytest.raises(CheckpointError, match="taken over"):
        take_over(run, session, 0)
    assert read_journal(run).reached == {"a": 1}


def test_a_file_that_comes_after_its_session_is_over_does_not_count(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    own = take_over(run, session, 0)
    begin_ranges(run)
    late = own.path.with_name(f"{session:06d}-0000-002.jsonl")
    late.write_bytes(_lines(accepted("a")))
    assert read_journal(run).settled == {}


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_line_that_a_dead_owner_left_torn_is_not_there(tmp_path: Path, cut: int) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    first = take_over(run, session, 0)
    write(run, first, stages_of("a", 1))
    torn = _lines(stages_of("a", 2)[1:])[:cut]
    with first.path.open("ab") as file:
        file.write(torn)
    second = take_over(run, session, 0)
    write(run, second, stages_of("a", 2)[1:])
    state = read_journal(run)
    assert state.reached == {"a": 2} and not state.torn and state.damaged == ()


def test_whoever_reads_the_journal_to_go_on_has_shut_out_all_others_first(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    old = take_over(run, session, 0)
    write(run, old, stages_of("a", 1))
    shut_out_earlier(run)
    before = read_journal(run).reached
    write_regardless(old, stages_of("a", 2)[1:])
    late = old.path.with_name(f"{session:06d}-0000-002.jsonl")
    late.write_bytes(_lines(stages_of("b", 1)))
    append_entries(run, stages_of("a", 2)[1:])
    assert before == {"a": 1} and read_journal(run).reached == {"a": 2}
    assert read_journal(run).repeated == 0


def test_a_run_that_no_cluster_has_worked_on_has_one_file_and_no_session(tmp_path: Path) -> None:
    run = begun_run(tmp_path, stages_of("a", 1))
    shut_out_earlier(run)
    append_entries(run, stages_of("a", 2)[1:])
    assert [path.name for path in run.journal.parent.iterdir()] == ["000001.jsonl"]


def test_a_seal_is_made_once(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    session = begin_ranges(run)
    first = take_over(run, session, 0)
    write(run, first, stages_of("a", 1))
    take_over(run, session, 0)
    write_regardless(first, stages_of("a", 2)[1:])
    take_over(run, session, 0)
    begin_ranges(run)
    assert read_journal(run).reached == {"a": 1}
    assert not [name for name in os.listdir(run.journal.parent) if name.startswith(".")]


def test_damaged_lines_are_put_aside_wherever_they_are(tmp_path: Path) -> None:
    run = begun_run(tmp_path, stages_of("a", 1))
    session = begin_ranges(run)
    own = take_over(run, session, 0)
    write_regardless(own, stages_of("b", 1))
    with own.path.open("ab") as file:
        file.write(b"junk\n")
    write_regardless(own, stages_of("c", 1))
    begin_ranges(run)
    damaged = read_journal(run).damaged
    assert damaged == (3,)
    quarantine(run, damaged)
    state = read_journal(run)
    assert state.damaged == () and list(state.reached) == ["a", "b", "c"]
    assert b"junk" in run.damaged.read_bytes()


async def test_a_journal_of_a_range_acknowledges_what_is_durable_and_sends_its_lines(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    own = take_over(run, begin_ranges(run), 3)
    sent: list[Lines] = []

    class Sink:
        def write(self, lines: Iterable[Lines]) -> None:
            sent.extend(lines)

    with anyio.fail_after(20):
        async with open_range(run, own, Sink()) as journal:
            await journal.append(accepted("a"), [("accepted_conversations", {"id": "a"})])
            assert read_journal(run).settled.keys() == {"a"}
            take_over(run, own.session, 3)
            with pytest.raises(CheckpointError, match="taken over"):
                await journal.append(accepted("b"))
    assert sent == [{"accepted_conversations": [b'{"id":"a"}\n']}]
