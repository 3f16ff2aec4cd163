from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from funcdex.errors import CheckpointError
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.log import RunLog
from funcdex.types.conversation import JsonValue


def noon() -> datetime:
    return datetime(2025, 1, 1, 12, tzinfo=UTC)


def events(path: Path) -> list[JsonValue]:
    return [from_line(line) for line in path.read_bytes().splitlines()]


def test_every_event_has_the_same_first_fields(tmp_path: Path) -> None:
    with RunLog(tmp_path / "log.jsonl", clock=noon) as log:
        log.write("opened", {"detail": "HTTP 500", "endpoint": "http://localhost:1"})
        log.write("session")
    assert (tmp_path / "log.jsonl").read_bytes() == (
        b'{"at":"2025-01-01T12:00:00.000+00:00","event":"opened",'
        b'"endpoint":"http://localhost:1","conversation_id":null,"fault":null,"detail":"HTTP 500"}\n'
        b'{"at":"2025-01-01T12:00:00.000+00:00","event":"session",'
        b'"endpoint":null,"conversation_id":null,"fault":null}\n'
    )


def test_nothing_in_the_log_can_steer_a_terminal(tmp_path: Path) -> None:
    odd = "\x1b[31mred\x9b0m\x7f\u2028\u202e\r\n\0 caf\u00e9"
    with RunLog(tmp_path / "log.jsonl", clock=noon) as log:
        log.write("answer", {"text": odd})
    text = (tmp_path / "log.jsonl").read_bytes().decode()
    assert all(character.isprintable() for character in text.rstrip("\n"))
    assert "caf\u00e9" in text
    assert events(tmp_path / "log.jsonl")[0]["text"] == odd


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    with RunLog(tmp_path / "log.jsonl", clock=noon) as log:

        def write(who: int) -> None:
            for n in range(50):
                log.write("e", {"who": who, "n": n})

        writers = [threading.Thread(target=write, args=(who,)) for who in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    found = events(tmp_path / "log.jsonl")
    assert all([e["n"] for e in found if e["who"] == who] == list(range(50)) for who in range(8))


def test_a_log_goes_on_behind_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"event":"old"}\n{"event":"to')
    with RunLog(tmp_path / "log.jsonl", clock=noon) as log:
        log.write("new")
    assert [event["event"] for event in events(tmp_path / "log.jsonl")] == ["old", "new"]


def test_a_log_that_cannot_be_written_stops_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunLog(tmp_path / "log.jsonl", clock=noon) as log:
        log.write("before")

        def full(descriptor: int, data: bytes, at: int) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", full)
            log.write("lost")
        log.write("lost too")
        assert log.fault is not None and log.fault.errno == 28
    assert [event["event"] for event in events(tmp_path / "log.jsonl")] == ["before"]


def test_a_log_that_cannot_be_opened_is_a_checkpoint_error(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(CheckpointError):
        RunLog(tmp_path / "log.jsonl")
