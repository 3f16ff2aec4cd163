from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from resume.histories import MODEL, accepted, begun_run, rejected, stages_of

from funcdex.errors import CheckpointError
from funcdex.rundir.journal import append_entries
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.lock import exclusive
from funcdex.rundir.log import RunLog
from funcdex.rundir.manifest import new_manifest, write_manifest
from funcdex.rundir.replay import Tokens
from funcdex.rundir.status import StatusReader, status
from funcdex.settings.tree import Price, Settings
from funcdex.types.record import Entry, Restarted


def run_of(path: Path, entries: list[Entry], count: int = 10) -> RunDir:
    run = begun_run(path, entries)
    now = datetime(2025, 1, 1, 12, tzinfo=UTC)
    write_manifest(run, new_manifest(Settings(count=count), tools_digest="", prompts={}, now=now))
    return run


def test_every_planned_conversation_is_counted_once(tmp_path: Path) -> None:
    entries = [
        *accepted("a"),
        *accepted("b"),
        *rejected("c", 0, "duplicate_scenario"),
        *rejected("d", 6, "low_quality"),
        *rejected("e", 6, "low_quality"),
        *stages_of("f", 1),
        *stages_of("g", 4),
        *stages_of("h", 7),
    ]
    found = status(run_of(tmp_path, entries))
    assert (found.planned, found.not_begun, found.accepted, found.settled) == (10, 2, 2, 5)
    assert found.rejected == {"low_quality": 2, "duplicate_scenario": 1}
    assert found.rejected_at == {"scenario": 1, "judge": 2}
    assert found.in_progress == {"persona": 1, "conversation": 1, "judge": 1}
    assert found.not_begun + sum(found.in_progress.values()) + found.settled == found.planned


def test_tokens_of_rejected_and_repeated_work_were_paid_for(tmp_path: Path) -> None:
    entries = [*rejected("a", 0), Restarted("a"), *stages_of("a", 2)]
    assert status(run_of(tmp_path, entries)).tokens == {MODEL: Tokens(30, 15, 3)}


def test_a_run_that_has_just_begun_has_a_status(tmp_path: Path) -> None:
    run = run_of(tmp_path, [])
    run.journal.unlink()
    found = status(tmp_path)
    assert (found.not_begun, found.accepted, found.in_progress, found.running) == (10, 0, {}, False)
    assert found.started_at == found.last_at == "2025-01-01T12:00:00+00:00"


def test_times_are_those_of_the_files(tmp_path: Path) -> None:
    run = run_of(tmp_path, accepted("a"))
    run.log.write_bytes(as_line({"event": "x"}))
    os.utime(run.journal, (1_750_000_000, 1_750_000_000))
    os.utime(run.log, (1_750_000_600, 1_750_000_600))
    assert status(run).last_at == "2025-06-15T15:16:40+00:00"


def test_a_status_changes_nothing_not_even_a_torn_line(tmp_path: Path) -> None:
    run = run_of(tmp_path, accepted("a"))
    with run.journal.open("ab") as file:
        file.write(b'{"entry":"acc')
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")}
    assert status(run).accepted == 1
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")} == before


def test_a_status_tells_whether_the_run_goes_on(tmp_path: Path) -> None:
    run = run_of(tmp_path, [])
    with exclusive(run):
        assert status(run).running
    assert not status(run).running


def test_a_status_is_ready_for_json(tmp_path: Path) -> None:
    found = status(run_of(tmp_path, [*accepted("a"), *rejected("b", 2)]))
    assert as_line(asdict(found)).startswith(b'{"planned":10,')


def test_no_run_no_status(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no run is here"):
        status(tmp_path)


def test_rate_cost_and_time_left_are_those_of_the_latest_session(tmp_path: Path) -> None:
    run = run_of(tmp_path, [*accepted("a"), *accepted("b"), *rejected("c", 6)])
    spent = status(run).tokens[MODEL]
    prices = {MODEL: Price(prompt=1e6 / spent.prompt, completion=4e6 / spent.completion)}
    settings = Settings(count=9, prices=prices)
    write_manifest(run, new_manifest(settings, tools_digest="", prompts={}, now=datetime.now(UTC)))
    events = [
        {"at": "2025-06-15T10:00:00+00:00", "event": "session"},
        {"at": "2025-06-15T10:00:00+00:00", "event": "joined", "endpoint": "http://a:1"},
        {"at": "2025-06-15T10:00:01+00:00", "event": "accepted", "conversation_id": "a"},
        {"at": "2025-06-15T15:00:00+00:00", "event": "session"},
        {"at": "2025-06-15T15:06:40+00:00", "event": "joined", "endpoint": "http://a:1"},
        {"at": "2025-06-15T15:10:00+00:00", "event": "accepted", "conversation_id": "b"},
        {"at": "2025-06-15T15:10:01+00:00", "event": "joined", "endpoint": "http://b:1"},
        {"at": "2025-06-15T15:11:00+00:00", "event": "rejected", "conversation_id": "c"},
    ]
    run.log.write_bytes(b"".join(as_line(event) for event in events))
    for path in (run.journal, run.log):
        os.utime(path, (1_750_000_600, 1_750_000_600))  # ten minutes after the first endpoint joined

    found = status(run)

    assert found.per_hour == pytest.approx(12.0) and found.left_s == pytest.approx(1800.0)
    assert found.cost == pytest.approx(5.0)


def test_endpoints_that_are_out_are_named_with_the_reason(tmp_path: Path) -> None:
    run = run_of(tmp_path, accepted("a"))
    events: list[dict[str, object]] = [
        {"event": "refused", "endpoint": "http://before:1", "detail": "an earlier session's"},
        {"event": "session", "settled": 0},
        {"event": "joined", "endpoint": "http://a:1", "detail": ""},
        {"event": "joined", "endpoint": "http://b:1", "detail": ""},
        {"event": "down", "endpoint": "http://a:1", "detail": "no connection"},
        {"event": "down", "endpoint": "http://b:1", "detail": "it ignores grammars"},
        {"event": "joined", "endpoint": "http://a:1", "detail": ""},
        {"event": "refused", "endpoint": "http://b:1", "detail": "it ignores the grammar"},
        {"event": "retry", "endpoint": "http://a:1", "detail": "HTTP 500"},
    ]
    run.log.write_bytes(b"".join(as_line(event) for event in events) + b'{"event":"down","endp')
    assert status(run).endpoints_out == {"http://b:1": "refused: it ignores the grammar"}


def test_no_rate_is_made_up_before_the_session_has_settled_anything(tmp_path: Path) -> None:
    run = run_of(tmp_path, accepted("a"))
    joined = {"at": "2025-06-15T10:00:00+00:00", "event": "joined", "endpoint": "http://a:1"}
    run.log.write_bytes(as_line({"at": "2025-06-15T10:00:00+00:00", "event": "session"}) + as_line(joined))
    found = status(run)
    assert (found.accepted, found.per_hour, found.left_s) == (1, None, None)


def test_a_reader_that_looks_again_sees_what_a_new_one_sees(tmp_path: Path) -> None:
    run = run_of(tmp_path, [])
    reader = StatusReader(run)
    parts: list[list[Entry]] = [
        accepted("a"),
        [*rejected("b", 6)],
        [*stages_of("c", 3)],
        [Restarted("b"), *accepted("b")],
    ]
    for number, entries in enumerate(parts):
        append_entries(run, entries)
        with RunLog(run.log) as log:
            log.write("down" if number % 2 else "joined", {"endpoint": f"http://a:{number}", "detail": "x"})
        again, anew = reader.read(), status(run)
        assert again == anew
    with run.journal.open("ab") as file:
        file.write(b"no entry\n")
    assert reader.read().damaged == status(run).damaged == 1
    assert (again.accepted, sum(again.in_progress.values()), len(again.endpoints_out)) == (2, 1, 2)


def test_a_log_of_odd_lines_does_not_stop_a_status(tmp_path: Path) -> None:
    run = run_of(tmp_path, accepted("a"))
    run.log.write_bytes(
        b'["event":"session"\n{"event":"joined","endpoint":7}\n{"event":"joined","endpoint":"http://a:1"}\n'
        b'"\\"event\\":\\"down\\""\n{"at":"yesterday","event":"accepted"}\n{"at":5,"event":"session"}\n'
    )
    assert status(run).per_hour is None
