"""What a list of runs has to do, wherever it lies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from funcdex.run_index.index import Wanted, open_index
from funcdex.rundir.layout import RunDir
from funcdex.rundir.manifest import new_manifest, write_manifest
from funcdex.settings.catalog_place import Place
from funcdex.settings.tree import Settings

GOOD = {
    "id": "c1",
    "toolkits": ["gmail", "jira"],
    "kind": "happy_path",
    "model": "m",
    "scores": {"fluency": 5},
}
ODD = {"id": "c\ud8002", "toolkits": 3, "kind": None, "model": "a\0b", "scores": {"x": "five", "y": 2**80}}
BAD = {"id": "c3", "toolkits": ["gmail"], "kind": "refusal", "reason": "duplicate", "stage": "scenario"}


def a_run(
    folder: Path, accepted: Sequence[Mapping[str, Any]], rejected: Sequence[Mapping[str, Any]]
) -> RunDir:
    run = RunDir(folder)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    write_manifest(run, new_manifest(Settings(count=7), tools_digest="d", prompts={}, now=now))
    for name, records in (("parsed_conversations", accepted), ("rejected", rejected)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{name}.jsonl").write_text(lines + "no record\n")
    return run


def check_index(place: Place, folder: Path) -> None:
    one, two = a_run(folder / "one", [GOOD, ODD], [BAD]), a_run(folder / "two", [GOOD], [])
    with open_index(place) as index:
        assert index.add(one) == 3
        assert index.add(two) == 1
    a_run(folder / "two", [], [BAD])
    with open_index(place) as index:
        assert index.add(two) == 1, "it replaces what was known"
        listed = {Path(run.run).name: (run.planned, run.accepted, run.rejected) for run in index.runs()}
        assert listed == {"one": (7, 2, 1), "two": (7, 0, 1)}
        (good,) = index.conversations(Wanted(toolkit="jira"), 10)
        assert (good["id"], good["kind"], json.loads(good["scores"])) == ("c1", "happy_path", {"fluency": 5})
        assert len(index.conversations(Wanted(state="rejected", reason="duplicate"), 10)) == 2
        assert len(index.conversations(Wanted(run="two"), 10)) == 1
        assert len(index.conversations(Wanted(kind="refusal", toolkit="gmai"), 10)) == 0
        assert len(index.conversations(Wanted(), 2)) == 2
