from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import append_entries
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.outputs import reconcile
from funcdex.rundir.reading import read_journal
from funcdex.types.record import Entry, Line, OutputName, Restarted
from resume.histories import accepted, begun_run, lines_of, records, rejected, stages_of

HISTORY: list[Entry] = [
    *accepted("a"),
    *rejected("b", 0),
    *rejected("c", 7 - 1, "low_quality"),
    *stages_of("d", 5),
    *stages_of("e", 2),
    *accepted("f"),
]
DUE: dict[OutputName, list[str]] = {
    "conversations": ["a", "c", "d", "f"],
    "conversations_with_system_prompts": ["a", "c", "f"],
    "scored_conversations": ["a", "f"],
    "accepted_conversations": ["a", "f"],
    "parsed_conversations": ["a", "f"],
    "rejected": ["b", "c"],
}


def ids(run: RunDir) -> dict[OutputName, list[str]]:
    return {name: sorted(record["id"] for record in records(run.output(name))) for name in OUTPUTS}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run whose outputs are complete."""
    run = begun_run(tmp_path, HISTORY)
    reconcile(run, read_journal(run), lines_of)
    return run


def never(id: str, entries: Sequence[Entry]) -> Sequence[Line]:
    raise AssertionError(f"no line of {id} is missing")


def test_deleted_outputs_are_written_again(tmp_path: Path) -> None:
    run = begun_run(tmp_path, HISTORY)
    done = reconcile(run, read_journal(run), lines_of)
    assert ids(run) == DUE
    assert done.appended == {name: len(due) for name, due in DUE.items()}
    assert done.dropped == {}


def test_what_agrees_is_not_touched(run: RunDir) -> None:
    before = {name: run.output(name).stat().st_mtime_ns for name in OUTPUTS}
    done = reconcile(run, read_journal(run), never)
    assert (done.appended, done.dropped) == ({}, {})
    assert {name: run.output(name).stat().st_mtime_ns for name in OUTPUTS} == before


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_cut_at_any_byte_is_completed(run: RunDir, name: OutputName) -> None:
    data = run.output(name).read_bytes()
    content = [at for at in range(len(data)) if data[at : at + 1] != b" "]
    whole = records(run.output(name))
    for cut in content:
        run.output(name).write_bytes(data[:cut])
        reconcile(run, read_journal(run), lines_of)
        found = records(run.output(name))
        assert sorted(map(repr, found)) == sorted(map(repr, whole))


def test_damaged_foreign_and_repeated_lines_are_taken_out(run: RunDir) -> None:
    path = run.output("conversations")
    good = path.read_bytes()
    odd = [
        b"{\n",
        b"\n",
        b"[1]\n",
        b'{"no":"id"}\n',
        b'{"id":5}\n',
        b'{"id":"stranger"}\n',
        as_line({"id": "a"}),
    ]
    path.write_bytes(odd[0] + good + b"".join(odd[1:]))
    done = reconcile(run, read_journal(run), never)
    assert path.read_bytes() == good
    assert done.dropped == {"conversations": len(odd)}


def test_of_two_lines_of_one_conversation_the_first_stays(run: RunDir) -> None:
    path = run.output("rejected")
    path.write_bytes(path.read_bytes() + as_line({"id": "b", "stage": "again"}))
    reconcile(run, read_journal(run), never)
    assert all("stage" not in record for record in records(path))


def test_a_restarted_conversation_leaves_every_output(run: RunDir) -> None:
    append_entries(run, [Restarted("b"), Restarted("c")])
    done = reconcile(run, read_journal(run), never)
    assert ids(run) == {name: [id for id in due if id not in "bc"] for name, due in DUE.items()}
    assert done.dropped["rejected"] == 2 and done.dropped["conversations"] == 1


def test_a_second_try_is_written_as_it_ended_the_second_time(run: RunDir) -> None:
    append_entries(run, [Restarted("c")])
    reconcile(run, read_journal(run), never)
    append_entries(run, accepted("c", text="second"))
    reconcile(run, read_journal(run), lines_of)
    found = [record for record in records(run.output("accepted_conversations")) if record["id"] == "c"]
    assert found == [{"id": "c", "output": "accepted_conversations", "scenario": "scenario of c second"}]
    assert ids(run)["rejected"] == ["b"]


def test_lines_are_made_from_the_last_try_even_if_all_outputs_are_gone(tmp_path: Path) -> None:
    tries: list[Entry] = [*rejected("a", 6, text="1"), Restarted("a"), *rejected("a", 6, text="2")]
    run = begun_run(tmp_path, [*tries, Restarted("a"), *accepted("a", text="3"), *accepted("b")])
    reconcile(run, read_journal(run), lines_of)
    assert [record["scenario"] for record in records(run.output("parsed_conversations"))] == [
        "scenario of a 3",
        "scenario of b ",
    ]
    assert records(run.output("rejected")) == []


def test_lines_are_asked_for_only_where_one_is_missing(run: RunDir) -> None:
    run.output("parsed_conversations").write_bytes(as_line({"id": "a"}))
    asked: list[str] = []

    def asking(id: str, entries: Sequence[Entry]) -> Sequence[Line]:
        asked.append(id)
        return lines_of(id, entries)

    reconcile(run, read_journal(run), asking)
    assert asked == ["f"]
    assert ids(run) == DUE


def test_a_run_without_a_journal_has_empty_outputs(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.output("conversations").write_bytes(as_line({"id": "a"}))
    reconcile(run, read_journal(run), never)
    assert records(run.output("conversations")) == []


def test_an_output_that_cannot_be_read_is_a_checkpoint_error(tmp_path: Path) -> None:
    run = begun_run(tmp_path, HISTORY)
    run.output("rejected").mkdir()
    with pytest.raises(CheckpointError, match=r"rejected\.jsonl"):
        reconcile(run, read_journal(run), lines_of)
