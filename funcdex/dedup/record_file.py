"""A file of values of one size under keys of 16 bytes, for what could be computed again.

Header, then records: key, value, CRC-32 of both. Whatever was torn or damaged is not found, and after a fault
of the disk nothing more is found or kept.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

KEY_BYTES = 16
_SUM_BYTES = 4
_RECORDS_READ_AT_ONCE = 2048


class RecordFile:
    """The file at `path`, made if it is missing, begun anew if it has another header. One user at a time."""

    def __init__(self, path: Path, header: bytes, value_bytes: int) -> None:
        self._header = header
        self._record_bytes = KEY_BYTES + value_bytes + _SUM_BYTES
        self._offsets: dict[bytes, int] = {}
        self._end = 0
        self._descriptor: int | None = None
        with self._or_without():
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if os.pread(self._descriptor, len(header), 0) == header:
                self._read_keys(self._descriptor)
            else:
                self._begin_anew(self._descriptor)

    def find(self, key: bytes) -> bytes | None:
        """The value that was added last under a key; None if there is none, or it is damaged."""
        offset = self._offsets.get(key)
        if offset is None or self._descriptor is None:
            return None
        record = b""
        with self._or_without():
            record = os.pread(self._descriptor, self._record_bytes, offset)
        body = record[:-_SUM_BYTES]
        return body[KEY_BYTES:] if record == body + _sum(body) and body[:KEY_BYTES] == key else None

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Adds keys and values. They can be found when the file is opened again."""
        if self._descriptor is None:
            return
        data = b"".join(key + value + _sum(key + value) for key, value in records)
        with self._or_without():
            if os.pwrite(self._descriptor, data, self._end) < len(data):
                raise OSError("no room")
            self._end += len(data)

    def begin_anew(self) -> None:
        """Throws away all that is there."""
        if self._descriptor is not None:
            with self._or_without():
                self._begin_anew(self._descriptor)

    def forget(self) -> None:
        """Frees the memory that finding needs: nothing is found from now on."""
        self._offsets = {}

    def close(self) -> None:
        """Nothing is found or kept any more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _read_keys(self, descriptor: int) -> None:
        records = (os.fstat(descriptor).st_size - len(self._header)) // self._record_bytes
        # What a kill left of a last record would shift all that follow it.
        self._end = len(self._header) + records * self._record_bytes
        os.ftruncate(descriptor, self._end)
        at_once = self._record_bytes * _RECORDS_READ_AT_ONCE
        for start in range(len(self._header), self._end, at_once):
            data = os.pread(descriptor, min(at_once, self._end - start), start)
            for place in range(0, len(data), self._record_bytes):
                self._offsets[data[place : place + KEY_BYTES]] = start + place

    def _begin_anew(self, descriptor: int) -> None:
        self._offsets = {}
        os.ftruncate(descriptor, 0)
        self._end = os.pwrite(descriptor, self._header, 0)

    @contextmanager
    def _or_without(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.close()


def _sum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_SUM_BYTES, "little")
