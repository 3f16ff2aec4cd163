"""`funcdex runs`: runs are added, listed and searched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import SMALL, run_command

from funcdex.errors import CheckpointError, RunIndexError
from funcdex.run_index.index import open_index
from funcdex.rundir.layout import RunDir
from run_index.index_checks import BAD, GOOD, a_run, check_index


def test_a_file_holds_runs_and_what_became_of_their_conversations(tmp_path: Path) -> None:
    check_index(tmp_path / "index" / "runs.db", tmp_path)


def test_what_is_no_list_and_what_is_no_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but a longer text than the header")
    with pytest.raises(RunIndexError), open_index(tmp_path / "text.db"):
        pass
    with pytest.raises(CheckpointError), open_index(tmp_path / "runs.db") as index:
        index.add(RunDir(tmp_path / "nothing"))


def test_the_commands_add_list_and_search(tmp_path: Path) -> None:
    a_run(tmp_path / "first", [GOOD], [BAD])
    index = tmp_path / "runs.db"
    assert "2 conversations" in run_command("runs", "add", tmp_path / "first", "--index", index).stdout
    listed = run_command("runs", "list", "--index", index, "--json", "-")
    assert [row["accepted"] for row in json.loads(listed.stdout)] == [1]
    found = run_command("runs", "search", "--state", "rejected", "--index", index, "--json", "-")
    assert [row["id"] for row in json.loads(found.stdout)] == ["c3"]
    assert run_command("runs", "list").returncode == 2


def test_a_run_adds_itself_when_it_has_ended(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL + f"run_index: {tmp_path / 'runs.db'}\n")
    done = run_command(
        "generate", tmp_path / "small.yaml", "--endpoints", "sim", "--toolkits", "gmail", "--count", 2,
        "--run", tmp_path / "run",
    )  # fmt: skip
    assert done.returncode in (0, 5), done.stderr
    with open_index(tmp_path / "runs.db") as index:
        (run,) = index.runs()
    assert run.accepted + run.rejected == 2
