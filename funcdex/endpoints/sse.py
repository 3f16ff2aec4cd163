"""Server-sent events out of a stream of bytes that may be cut anywhere (WHATWG HTML, section 9.2).

    reader = EventReader(max_event_bytes=1_000_000)
    for chunk in chunks:
        for data in reader.feed(chunk):
            ...

Only `data` is kept: chat completions use no other field. An event whose end is missing is dropped, as the
standard wants it.
"""

from __future__ import annotations

from collections.abc import Iterator

_MARK = b"\xef\xbb\xbf"


class EventTooLong(Exception):
    """An event of more bytes than the reader takes."""


class EventReader:
    """`max_event_bytes` bounds what is kept of an event that does not end."""

    def __init__(self, *, max_event_bytes: int) -> None:
        self._most = max_event_bytes
        self._rest = b""
        self._pieces: list[bytes] = []
        self._pieces_size = 0
        self._data: list[bytes] = []
        self._size = 0
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that the chunk completes. Raises EventTooLong."""
        if self._begun and b"\n" not in chunk and b"\r" not in chunk and not self._rest.endswith(b"\r"):
            # An event in a million pieces: joined once, when its line ends.
            self._pieces.append(chunk)
            self._pieces_size += len(chunk)
            self._check(len(self._rest) + self._pieces_size)
            return
        text = b"".join((self._rest, *self._pieces, chunk))
        self._pieces, self._pieces_size = [], 0
        if not self._begun:
            if len(text) < len(_MARK) and _MARK.startswith(text):
                self._rest = text
                return
            self._begun = True
            text = text.removeprefix(_MARK)
        # Not splitlines(): of bytes it also splits at form feeds.
        *lines, self._rest = _lines(text)
        for line in lines:
            yield from self._take(line)
        self._check(len(self._rest))

    def _take(self, line: bytes) -> Iterator[bytes]:
        if not line:
            if self._data:
                yield b"\n".join(self._data)
            self._data, self._size = [], 0
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value) + 1
            self._check(0)

    def _check(self, more: int) -> None:
        if self._size + more > self._most:
            raise EventTooLong(f"an event of more than {self._most} bytes")


def _lines(text: bytes) -> list[bytes]:
    """The lines, and what follows the last line break. A carriage return at the very end stays with the
    rest: the line feed that belongs to it may be on its way."""
    held = b"\r" if text.endswith(b"\r") else b""
    body = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = body.split(b"\n")
    lines[-1] += held
    return lines
