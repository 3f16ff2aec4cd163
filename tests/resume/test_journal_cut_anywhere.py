"""A journal that ends at any byte resumes to the entries that stand whole before the cut."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec import to_builtins

from funcdex.rundir.journal import append_entries
from funcdex.rundir.jsonlines import as_line, is_record
from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import journal_items, read_journal
from funcdex.rundir.replay import Replay
from funcdex.types.entry_json import entry_line
from funcdex.types.record import Accepted, Entry, Rejected, Restarted, StageDone
from resume.histories import accepted, begun_run, rejected, stages_of

ENTRIES: list[Entry] = [*accepted("a")[:3], *rejected("b", 0), Restarted("b"), *stages_of("b", 2)]


def whole_lines(data: bytes) -> int:
    """A line is whole without its newline, too: that may be all that a power cut took."""
    return sum(is_record(line) for line in data.split(b"\n"))


def test_a_journal_cut_at_every_byte_resumes_to_its_whole_entries(tmp_path: Path) -> None:
    data = b"".join(entry_line(entry) for entry in ENTRIES)
    for cut in range(len(data) + 1):
        run = RunDir(tmp_path / str(cut))
        run.journal.parent.mkdir(parents=True)
        run.journal.write_bytes(data[:cut])
        expected = Replay()
        for entry in ENTRIES[: whole_lines(data[:cut])]:
            expected.take(entry)
        state = read_journal(run)
        assert state.settled == expected.settled and state.reached == expected.reached
        torn = data[:cut].rpartition(b"\n")[2]
        assert state.torn == (torn != b"" and not is_record(torn))
        assert state.damaged == ()


@pytest.mark.parametrize("seed", range(20))
def test_a_cut_journal_can_be_gone_on_with(tmp_path: Path, seed: int) -> None:
    run = begun_run(tmp_path, ENTRIES)
    data = run.journal.read_bytes()
    cut = random.Random(seed).randint(0, len(data))
    run.journal.write_bytes(data[:cut])
    kept = [
        item for item in journal_items(run) if isinstance(item, StageDone | Accepted | Rejected | Restarted)
    ]
    append_entries(run, [Rejected("z", "scenario", "refused")])
    assert list(journal_items(run)) == [*kept, Rejected("z", "scenario", "refused")]


def test_an_absent_journal_is_an_empty_one(tmp_path: Path) -> None:
    state = read_journal(RunDir(tmp_path))
    assert (state.settled, state.unsettled, state.torn) == ({}, {}, False)


@pytest.mark.parametrize("blanks", [b"", b" " * 300])
def test_a_last_line_that_lacks_only_its_newline_counts(tmp_path: Path, blanks: bytes) -> None:
    run = begun_run(tmp_path, stages_of("a", 2))
    run.journal.write_bytes(run.journal.read_bytes().rstrip(b"\n") + blanks)
    for _ in range(2):
        assert (read_journal(run).reached, read_journal(run).torn) == ({"a": 2}, False)
        append_entries(run, [])
    append_entries(run, stages_of("a", 3)[2:])
    assert (read_journal(run).reached, read_journal(run).damaged) == ({"a": 3}, ())


@pytest.mark.parametrize(
    "line",
    [
        b"{\n",
        b"\0\0\0\n",
        b"\n",
        b"[]\n",
        b'{"entry":"other"}\n',
        b'"text"\n',
        b'{"entry":"accepted"}\n',
        b'{"entry":"accepted","id":7}\n',
        b'{"entry":"accepted","id":"a","more":1}\n',
        b'{"entry":["stage"],"id":"a"}\n',
        b'{"entry":"stage","id":"a","stage":"other","value":{},"usage":[]}\n',
        b'{"entry":"stage","id":"a","stage":"persona","value":"text","usage":[]}\n',
        b'{"entry":"stage","id":"a","stage":"persona","value":{},"usage":[{"model":"m"}]}\n',
        b'{"entry":"stage","id":"a","stage":["persona"],"value":{},"usage":[]}\n',
        entry_line(stages_of("a", 2)[1]).replace(b'"prompt_tokens":10', b'"prompt_tokens":[]'),
        b'{"entry":"rejected","id":"a","stage":"persona","reason":{},"detail":"","usage":[]}\n',
    ],
)
def test_a_damaged_line_is_named_and_passed_over(tmp_path: Path, line: bytes) -> None:
    run = begun_run(tmp_path)
    first, second = (entry_line(entry) for entry in stages_of("a", 2))
    run.journal.write_bytes(first + line + second)
    state = read_journal(run)
    assert (state.damaged, state.torn, state.reached) == ((2,), False, {"a": 2})


def test_an_entry_of_an_unknown_kind_at_the_end_is_not_taken_for_a_torn_line(tmp_path: Path) -> None:
    run = begun_run(tmp_path, stages_of("a", 1))
    with run.journal.open("ab") as file:
        file.write(b'{"entry":"from a newer version"}\n')
    assert read_journal(run).damaged == (2,)
    append_entries(run, stages_of("a", 2)[1:])
    assert b"newer version" in run.journal.read_bytes()
    assert read_journal(run).reached == {"a": 2}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": ["a"]},
        {"id": None},
        {"value": 3},
        {"value": {"scenario": ["no text"]}},
        {"value": {"corrections": "2"}},
        {"value": {"not of a draft": 1}},
        {"usage": "none"},
        {"usage": ["none"]},
        {"usage": [{"prompt_tokens": 1}]},
        {"stage": {}},
        {"entry": []},
        {"more": 1},
    ],
)
def test_an_entry_that_nobody_wrote_is_a_damaged_line(tmp_path: Path, changed: dict[str, object]) -> None:
    run = begun_run(tmp_path, stages_of("a", 1))
    whole = to_builtins(stages_of("b", 1)[0])
    with run.journal.open("ab") as file:
        file.write(as_line(whole | changed) + as_line(whole))
    state = read_journal(run)
    assert (state.damaged, dict(state.reached)) == ((2,), {"a": 1, "b": 1})


@pytest.mark.parametrize("field", ["prompt_tokens", "simulated", "model", "latency_s"])
@pytest.mark.parametrize("value", [None, "9", [], {}])
def test_a_bill_that_cannot_be_added_up_is_a_damaged_line(tmp_path: Path, field: str, value: object) -> None:
    whole = to_builtins(stages_of("a", 1)[0])
    whole["usage"][0][field] = value if field != "model" else 3
    run = begun_run(tmp_path)
    run.journal.write_bytes(as_line(whole) + entry_line(stages_of("b", 1)[0]))
    assert read_journal(run).damaged == (1,)


def test_a_line_nested_beyond_any_reader_is_damaged(tmp_path: Path) -> None:
    run = begun_run(tmp_path)
    good = entry_line(stages_of("b", 1)[0])
    run.journal.write_bytes(b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n" + good)
    assert read_journal(run).damaged == (1,) and read_journal(run).reached == {"b": 1}
