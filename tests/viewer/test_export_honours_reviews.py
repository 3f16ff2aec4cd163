"""What was decided by hand in the viewer is what `funcdex export` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from funcdex.cli.app import app
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.export.messages import to_messages
from funcdex.export.read_messages import from_messages
from funcdex.rundir.layout import RunDir
from funcdex.rundir.review import append_review
from viewer.made import Viewed, records


def exported(source: Path, out: Path, *more: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Rows by id, the report, and what was said on standard error."""
    words = ["export", str(source), "--format", "trl", "--out", str(out), *more]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]
    return {row["id"]: row for row in rows}, json.loads((out / "export.json").read_text()), result.stderr


def text_of(record: dict[str, Any]) -> str:
    return write(from_messages(record["messages"]))


def test_rejected_ones_are_left_out_and_accepted_ones_taken_in(
    seen: Viewed, run: RunDir, tmp_path: Path
) -> None:
    kept = records(run, "parsed_conversations")
    lost = next(one for one in records(run, "rejected") if one["stage"] == "judge")
    seen.send(f"/review?key={kept[0]['id']}", action="reject")
    seen.send(f"/review?key={lost['id']}", action="accept")
    rows, report, _ = exported(run.path, tmp_path / "out")
    assert set(rows) == {one["id"] for one in kept[1:]} | {lost["id"]}
    assert report["by_hand"] == {
        "left_out": 1,
        "taken_in": 1,
        "edited": 0,
        "not_used": {"count": 0, "first": []},
    }
    written = next(one for one in records(run, "scored_conversations") if one["id"] == lost["id"])
    assert rows[lost["id"]]["tools"] == written["tools"]
    again, _, _ = exported(run.path, tmp_path / "ignored", "--ignore-review")
    assert set(again) == {one["id"] for one in kept}


def test_one_that_was_given_up_while_it_was_written_is_taken_in_when_it_is_mended(
    seen: Viewed, run: RunDir, tmp_path: Path
) -> None:
    lost = next(one for one in records(run, "rejected") if one["stage"] == "conversation")
    seen.send(f"/review?key={lost['id']}", action="accept")
    rows, report, told = exported(run.path, tmp_path / "out")
    assert lost["id"] not in rows and report["by_hand"]["taken_in"] == 0
    assert f"{lost['id']}: accepted by hand, but its text has faults" in told
    mended = "</user>\nThank you!\n</assistant>\nYou are welcome."
    seen.send(f"/edit?key={lost['id']}", action="save", text=mended)
    rows, report, _ = exported(run.path, tmp_path / "mended")
    assert report["by_hand"]["taken_in"] == report["by_hand"]["edited"] == 1
    assert [one["content"] for one in rows[lost["id"]]["messages"]] == ["Thank you!", "You are welcome."]
    assert rows[lost["id"]]["tools"] == lost["tools"]


def test_an_edit_stands_in_the_place_of_what_was_recorded(seen: Viewed, run: RunDir, tmp_path: Path) -> None:
    one = records(run, "parsed_conversations")[0]
    text = text_of(one) + "\n</user>\nThank you!\n</assistant>\nYou are welcome."
    seen.send(f"/edit?key={one['id']}", action="save", text=text)
    rows, report, _ = exported(run.path, tmp_path / "out")
    said = [message["content"] for message in rows[one["id"]]["messages"]]
    assert said[-2:] == ["Thank you!", "You are welcome."] and report["by_hand"]["edited"] == 1
    assert len(said) - 1 == len(to_messages(parse(text)))  # and the system prompt


def test_an_edit_with_faults_is_not_used_and_named(run: RunDir, tmp_path: Path) -> None:
    one, other = records(run, "parsed_conversations")[:2]
    faulty = text_of(one) + "\n</user>\nAnd the date?\n</assistant>\nIt is [insert date]."
    append_review(run.path / "review.jsonl", one["id"], {"edit": {"dml": faulty}})
    append_review(run.path / "review.jsonl", other["id"], {"edit": {"dml": "no markup at all"}})
    append_review(run.path / "review.jsonl", "conv_99999", {"decision": "accepted"})
    rows, report, told = exported(run.path, tmp_path / "out")
    assert report["by_hand"]["not_used"]["count"] == 3 and report["by_hand"]["edited"] == 0
    assert "placeholder" in told and "conv_99999" in told
    plain, _, _ = exported(run.path, tmp_path / "ignored", "--ignore-review")
    assert rows == plain


def test_decisions_about_a_file_are_honoured_too_and_splits_stay_whole(run: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(run.output("parsed_conversations").read_bytes())
    one = records(run, "parsed_conversations")[3]["id"]
    append_review(tmp_path / "data.jsonl.review.jsonl", one, {"decision": "rejected"})
    rows, report, _ = exported(path, tmp_path / "out", "--split", "test=0.2")
    test = (tmp_path / "out" / "test.jsonl").read_text()
    assert one not in rows and f'"{one}"' not in test and report["by_hand"]["left_out"] == 1
