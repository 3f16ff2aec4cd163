"""The index follows the files while they grow, and is made anew when they are others."""

from __future__ import annotations

import json
from pathlib import Path

from funcdex.rundir.layout import RunDir
from funcdex.viewer.index import Index
from funcdex.viewer.query import Filters, by_key, facets, known, page
from funcdex.viewer.records import told_by
from funcdex.viewer.source import look_at
from viewer.made import Viewed, ids, records, viewed


def test_a_run_that_grows_is_seen_as_far_as_its_lines_are_whole(run: RunDir) -> None:
    path = run.output("parsed_conversations")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:10]) + lines[10][:500])
    with viewed(run.path) as seen:
        before = known(seen.index)
        newest = page(seen.index, Filters()).rows[0]["n"]
        with path.open("ab") as file:
            file.write(lines[10][500:] + lines[11])
        assert known(seen.index) == before
        seen.index.grow_to_the_end()
        assert known(seen.index) == before + 2
        assert "2 more since: show" in seen.page(f"/live?seen={newest}")
        ids_ = [json.loads(line)["id"] for line in lines[10:12]]
        assert ids(seen.page("/?state=accepted"))[:2] == ids_[::-1]


def test_each_line_is_read_once_and_an_index_goes_on_where_it_was(run: RunDir, tmp_path: Path) -> None:
    looked, path = look_at(run.path), tmp_path / "index.sqlite"
    for _ in range(2):
        index = Index(looked, path)
        index.grow_to_the_end()
        assert known(index) == 60
        index.close()
    with run.output("parsed_conversations").open("ab") as file:
        file.write(b'{"id": "another", "messages": []}\n')
    index, other = Index(looked, path), Index(looked, path)
    index.grow_to_the_end()
    other.grow_to_the_end()
    assert known(index) == known(other) == 61
    index.close()
    other.close()


def test_outputs_that_were_mended_are_read_anew(seen: Viewed, run: RunDir) -> None:
    path = run.output("parsed_conversations")
    lines = path.read_bytes().splitlines(keepends=True)
    beside = path.with_name("beside")
    beside.write_bytes(b"".join(reversed(lines[5:])))
    beside.replace(path)
    seen.index.grow_to_the_end()
    assert known(seen.index) == 55
    row = by_key(seen.index, json.loads(lines[7])["id"])
    assert row is not None and told_by(seen.index, seen.view.looked, row).record == json.loads(lines[7])
    counted = dict(facets(seen.index)["kind"])
    kinds = [json.loads(line)["kind"] for line in lines[5:]] + [
        one["kind"] for one in records(run, "rejected")
    ]
    assert counted == {kind: kinds.count(kind) for kind in kinds}


def test_one_that_is_tried_again_and_accepted_is_there_once(seen: Viewed, run: RunDir) -> None:
    lost = next(one for one in records(run, "rejected") if "conversation_dml" in one)
    kept = {**records(run, "parsed_conversations")[0], "id": lost["id"]}
    with run.output("parsed_conversations").open("a") as file:
        file.write(json.dumps(kept) + "\n")
    seen.index.grow_to_the_end()
    row = by_key(seen.index, lost["id"])
    assert row is not None and row["state"] == "accepted" and known(seen.index) == 60
    assert lost["id"] not in ids(seen.page("/?state=rejected"))


def test_a_damaged_index_is_made_anew(run: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"this is no index" * 1000)
    index = Index(look_at(run.path), path)
    index.grow_to_the_end()
    assert known(index) == 60
    index.close()


def test_a_run_that_has_only_begun_shows_an_empty_list(run: RunDir) -> None:
    for path in run.path.glob("*.jsonl"):
        path.unlink()
    with viewed(run.path) as seen:
        assert "Nothing has ended yet" in seen.page("/")
        assert "<dt>planned</dt><dd>60</dd>" in seen.page("/dashboard")
