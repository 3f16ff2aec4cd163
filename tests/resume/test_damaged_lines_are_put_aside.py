from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.rundir.journal import append_entries
from funcdex.rundir.layout import RunDir
from funcdex.rundir.quarantine import quarantine
from funcdex.rundir.reading import read_journal
from resume.faulty_disk import CUTS, Cut, FaultyDisk
from resume.histories import accepted, begun_run, records, stages_of

JUNK = b'{"entry": "stage", \xff\xfe "id"\n'


def with_damage(path: Path, junk: bytes = JUNK) -> tuple[RunDir, list[bytes]]:
    """A run with a damaged line in the middle of its journal, and the lines that are good."""
    run = begun_run(path, accepted("a"))
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join([*lines[:3], junk, *lines[4:]]))
    return run, [*lines[:3], *lines[4:]]


def put_aside(run: RunDir) -> list[bytes]:
    return [record["latin1"].encode("latin-1") for record in records(run.damaged)]


def test_a_damaged_line_moves_to_a_file_beside_and_the_rest_is_used(tmp_path: Path) -> None:
    run, good = with_damage(tmp_path)
    quarantine(run, read_journal(run).damaged)
    assert run.journal.read_bytes().splitlines(keepends=True) == good
    assert records(run.damaged) == [{"line": 4, "latin1": JUNK.decode("latin-1")}]
    state = read_journal(run)
    assert (state.damaged, state.reached) == ((), {"a": 3})
    append_entries(run, stages_of("a")[3:])
    assert read_journal(run).reached == {"a": 7}


def test_without_damage_nothing_is_written(tmp_path: Path) -> None:
    run = begun_run(tmp_path, accepted("a"))
    before = run.journal.stat()
    quarantine(run, read_journal(run).damaged)
    assert (run.journal.stat().st_ino, run.damaged.exists()) == (before.st_ino, False)


@pytest.mark.parametrize("cut", CUTS)
def test_a_kill_or_power_cut_at_any_step_loses_no_line_good_or_damaged(tmp_path: Path, cut: Cut) -> None:
    at, struck = 0, True
    while struck:
        at += 1
        (folder := tmp_path / str(at)).mkdir()
        run, good = with_damage(folder, JUNK.rstrip() + b"x" * 9000 + b"\n")
        with FaultyDisk(folder, at=at) as disk:
            try:
                quarantine(run, read_journal(run).damaged)
            except Exception:
                assert disk.struck
        struck = disk.struck
        disk.cut_power(cut)
        quarantine(run, read_journal(run).damaged)
        assert run.journal.read_bytes().splitlines(keepends=True) == good
        assert len(put_aside(run)) == 1 and put_aside(run)[0].startswith(JUNK.rstrip())
    assert at > 5


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_overwritten_nothing_is_dropped_silently(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    run = begun_run(tmp_path_factory.mktemp("run"), [*accepted("a"), *accepted("b")])
    whole = bytearray(run.journal.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=40))
    whole[at : at + len(junk)] = junk
    run.journal.write_bytes(whole)
    before = whole.split(b"\n")[:-1] if whole.endswith(b"\n") else whole.split(b"\n")
    first = read_journal(run)
    quarantine(run, first.damaged)
    second = read_journal(run)
    assert second.damaged == () and second.reached == first.reached and second.settled == first.settled
    after = [*run.journal.read_bytes().rstrip(b"\n").split(b"\n"), *put_aside_lines(run)]
    # An empty line holds nothing; one at the end is no line at all.
    assert sorted(filter(None, after)) == sorted(bytes(line) for line in before if line)


def put_aside_lines(run: RunDir) -> list[bytes]:
    return [line.rstrip(b"\n") for line in put_aside(run)] if run.damaged.exists() else []
