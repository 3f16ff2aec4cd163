from __future__ import annotations

import errno
import mmap
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.rundir import linefile
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.linefile import PAGE_BYTES, LineFile
from funcdex.types.conversation import JsonValue
from rundir.file_systems import keeps_blocks_whole


def values(path: Path) -> list[JsonValue]:
    data = path.read_bytes()
    assert not data or data.endswith(b"\n")
    return [from_line(line) for line in data.splitlines()]


def test_lines_of_every_length_come_back(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    texts = ["x" * length for length in (0, 1, 100, PAGE_BYTES - 3, PAGE_BYTES, 3 * PAGE_BYTES, 50_000)]
    with LineFile(path) as file:
        for text in texts:
            file.append(as_line({"t": text}))
    with LineFile(path) as file:
        file.append(as_line({"t": "first"}) + as_line({"t": "second"}))
    assert [value["t"] for value in values(path)] == [*texts, "first", "second"]


def test_a_long_line_goes_to_the_disk_in_whole_pages(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    with LineFile(path) as file:
        for length in (1, PAGE_BYTES, 12_345):
            file.append(as_line({"t": "x" * length}))
    if keeps_blocks_whole(tmp_path):
        assert path.stat().st_size == PAGE_BYTES + 2 * PAGE_BYTES + 4 * PAGE_BYTES
    assert [len(value["t"]) for value in values(path)] == [1, PAGE_BYTES, 12_345]


@given(st.lists(st.integers(0, 200_000), max_size=12))
def test_nothing_of_an_earlier_line_is_written_again(lengths: list[int]) -> None:
    texts = [chr(ord("a") + place) * length for place, length in enumerate(lengths)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        with LineFile(path) as file:
            for text in texts:
                file.append(as_line({"t": text}))
        assert [value["t"] for value in values(path)] == texts


def test_a_file_from_elsewhere_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":"' + b"x" * PAGE_BYTES + b'"}\n')
    with LineFile(path) as file:
        file.append(as_line({"c": "y" * PAGE_BYTES}))
    assert values(path) == [{"a": 1}, {"b": "x" * PAGE_BYTES}, {"c": "y" * PAGE_BYTES}]
    assert b"\0" not in path.read_bytes()


def test_no_short_line_crosses_a_page(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with LineFile(path) as file:
        for number in range(300):
            file.append(as_line({"n": number, "t": "x" * (number % 97)}))
    data = path.read_bytes()
    assert [value["n"] for value in values(path)] == list(range(300))
    starts = [0, *(at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n")]
    content_ends = [
        start + len(line.rstrip()) for start, line in zip(starts, data.splitlines(), strict=False)
    ]
    assert all(
        start // PAGE_BYTES == end // PAGE_BYTES for start, end in zip(starts, content_ends, strict=False)
    )


@pytest.mark.parametrize("tail", [b'{"cut', b'{"not": json}\n', b"\0\0\0\0", b"\0\0\n", b"\n"])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":2}\n' + tail)
    with LineFile(path) as file:
        assert file.mended_bytes == len(tail)
        file.append(b'{"c":3}\n')
    assert values(path) == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_last_line_that_lacks_only_its_newline_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":2}   ')
    assert linefile.mend(path) == 0
    assert path.read_bytes() == b'{"a":1}\n{"b":2}   \n'


def test_a_whole_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a":1}\n')
    assert linefile.mend(path) == 0
    assert path.read_bytes() == b'{"a":1}\n'


def test_a_torn_line_longer_than_any_buffer_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":"' + b"x" * 300_000)
    assert linefile.mend(path) == 300_000 + len('{"b":"')
    assert values(path) == [{"a": 1}]


def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines.jsonl"
    with LineFile(path) as file:
        file.append(b'{"a":1}\n')
        before = path.read_bytes()
        real = os.pwrite
        with monkeypatch.context() as disk:
            disk.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:PAGE_BYTES], at))
            with pytest.raises(OSError, match="found room") as caught:
                file.append(as_line({"t": "x" * 3 * PAGE_BYTES}))
        assert caught.value.errno == errno.ENOSPC
        assert values(path) == [{"a": 1}]
        assert path.stat().st_size <= max(len(before), PAGE_BYTES)
        file.append(b'{"c":3}\n')
    assert values(path) == [{"a": 1}, {"c": 3}]


LONG = [as_line({"t": letter * 3 * PAGE_BYTES}) for letter in "ab"]


def test_a_file_system_that_opens_no_file_for_direct_writes_gets_ordinary_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines.jsonl"
    real = os.open

    def refusing(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & linefile._DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", refusing)
    with LineFile(path) as file:
        file.append(LONG[0])
    assert path.read_bytes() == LONG[0]


def test_a_file_system_that_refuses_direct_writes_gets_ordinary_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines.jsonl"
    real = os.pwrite

    def refusing(descriptor: int, data: bytes | mmap.mmap, at: int) -> int:
        if isinstance(data, mmap.mmap):
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", refusing)
    with LineFile(path) as file:
        file.append(LONG[0])
        file.append(LONG[1])
    assert [value["t"][0] for value in values(path)] == ["a", "b"]


READER = """
import os, sys
path, looks, torn = sys.argv[1], 0, 0
file = os.open(path, os.O_RDONLY)
sys.stdout.write("ready\\n"); sys.stdout.flush()
while True:
    at, last, stop = max(0, os.fstat(file).st_size - 4096), b"\\n", False
    while piece := os.pread(file, 1 << 22, at):
        at, last, stop = at + len(piece), piece[-1:], b'"stop"' in piece
        assert b"\\0" not in piece
    looks, torn = looks + 1, torn + (last != b"\\n")
    if stop:
        break
sys.stdout.write(f"{looks} {torn}")
"""


def test_a_reader_beside_the_writer_never_sees_part_of_a_line(tmp_path: Path) -> None:
    if not keeps_blocks_whole(tmp_path):
        pytest.skip("the file system does not keep direct writes whole")
    path = tmp_path / "lines.jsonl"
    with LineFile(path) as file:
        reader = subprocess.Popen(
            [sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
        for number in range(1000):
            file.append(as_line({"t": "x" * (10, 3_000, 150_000)[number % 3]}))
        file.append(as_line({"t": "stop"}))
    looks, torn = (int(number) for number in reader.communicate(timeout=30)[0].split())
    assert looks > 20 and torn == 0


def test_a_page_that_cannot_be_filled_up_leaves_the_line_before_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines.jsonl"
    really = os.pwrite

    def no_room(descriptor: int, data: bytes, offset: int) -> int:
        return really(descriptor, data[:10], offset)

    with LineFile(path) as file:
        file.append(as_line({"t": "acknowledged"}))
        monkeypatch.setattr(os, "pwrite", no_room)
        with pytest.raises(OSError, match="only 10 of"):
            file.append(as_line({"t": "x" * PAGE_BYTES}))
    monkeypatch.undo()
    assert values(path) == [{"t": "acknowledged"}]
    with LineFile(path) as file:
        assert file.mended_bytes == 0
