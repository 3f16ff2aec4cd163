"""A file of lines that grows by whole lines, at every moment and for every reader.

An ordinary `write` does not: the kernel copies page by page and moves the end of the file along, so a
reader sees the first pages of a long line before the rest, and a kill between two pages leaves a stump
for good. Measured, with the options, in docs/decisions/0005-journal.md. What is whole:

- What fits into the rest of the last page is seen at once or not at all. If it does not fit there, but
  into a page, the line before it is filled up with blanks, which JSON allows, to where its page ends.
- What is longer goes past the page cache (O_DIRECT) in whole pages, blanks at the end. The end of the
  file moves once, after all the data, and no kill stops it half way.

Where a file system knows no direct writes, the long ones are ordinary, and can be seen growing for some
microseconds.
"""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from funcdex.rundir.jsonlines import is_json, is_record

PAGE_BYTES = mmap.PAGESIZE
_CHUNK_BYTES = 1 << 16
_DIRECT: int = getattr(os, "O_DIRECT", 0)  # Linux


class LineFile:
    """Appends to the file at `path`, which is made or mended first. One writer at a time.

    `mended_bytes` is the length of the torn last line that was cut off, 0 if there was none.
    Everything here blocks and raises OSError.
    """

    __slots__ = ("_descriptor", "_direct", "_pages", "_size", "mended_bytes", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mended_bytes = mend(path)
        self._direct = _open_direct(path)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size
        self._pages: mmap.mmap | None = None

    def append(self, lines: bytes) -> None:
        """Adds whole lines: `lines` ends with a newline, or is empty. After a fault the file is as before,
        but perhaps for blanks at the end of its last line."""
        try:
            if len(lines) > _rest_of_page(self._size):
                self._fill_page()
            if len(lines) <= PAGE_BYTES or self._direct is None:
                self._write(self._descriptor, lines)
            else:
                self._write_pages(lines)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise

    def sync(self) -> None:
        """Returns when all that was appended would survive a power cut."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Gives the file back; nothing can be appended any more."""
        os.close(self._descriptor)
        self._descriptor = -1
        if self._direct is not None:
            os.close(self._direct)
            self._direct = None
        self._release_pages()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fill_page(self) -> None:
        """Moves the last newline to the end of its page: the line before it stays the same JSON.

        Where there is no room for that, the newline is put back: it ends a line that was acknowledged.
        """
        if rest := _rest_of_page(self._size):
            try:
                written = os.pwrite(self._descriptor, b" " * rest + b"\n", self._size - 1)
                if written <= rest:
                    raise OSError(errno.ENOSPC, f"only {written} of {rest + 1} bytes found room")
            except OSError:
                os.pwrite(self._descriptor, b"\n", self._size - 1)
                raise
            self._size += rest

    def _write_pages(self, lines: bytes) -> None:
        end, length = len(lines) - 1, len(lines) + _rest_of_page(len(lines))
        with memoryview(self._pages_for(length)) as pages, memoryview(lines) as told:
            pages[:end] = told[:end]
            pages[end:length] = b" " * (length - end - 1) + b"\n"
            assert self._direct is not None
            try:
                with pages[:length] as whole:
                    self._write(self._direct, whole)
            except OSError as fault:
                if fault.errno != errno.EINVAL:
                    raise
                # Some file systems open a file for direct writes and then refuse each of them.
                os.close(self._direct)
                self._direct = None
                self._write(self._descriptor, lines)

    def _pages_for(self, length: int) -> mmap.mmap:
        """Memory that begins at a page, as direct writes ask. Kept: a new one costs the kernel as much as
        writing does."""
        if self._pages is None or len(self._pages) < length:
            self._release_pages()
            self._pages = mmap.mmap(-1, length + -length % _CHUNK_BYTES)
        return self._pages

    def _release_pages(self) -> None:
        if self._pages is not None:
            self._pages.close()
            self._pages = None

    def _write(self, descriptor: int, data: bytes | memoryview) -> None:
        written = os.pwrite(descriptor, data, self._size)
        if written < len(data):
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes found room")
        self._size += written


def mend(path: Path) -> int:
    """Cuts off a last line that is not JSON, or makes the file if there is none. Returns the bytes cut.

    One that lacks only its newline gets it: while a page is filled up the newline moves, and a power cut,
    which may leave the page's new data with the file's old size, takes it from an acknowledged line.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        start = _after_newline(descriptor, size)
        if start < size and is_record(os.pread(descriptor, size - start, start)):
            os.pwrite(descriptor, b"\n", size)
            return 0
        whole = _whole_bytes(descriptor, start)
        if whole < size:
            os.ftruncate(descriptor, whole)
        return size - whole
    finally:
        os.close(descriptor)


def whole_bytes(path: Path) -> int:
    """How many bytes at the beginning of a file are whole lines, one that lacks only its newline included:
    what `mend` would keep. Changes nothing."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        start = _after_newline(descriptor, size)
        if start < size and is_record(os.pread(descriptor, size - start, start)):
            return size
        return _whole_bytes(descriptor, start)
    finally:
        os.close(descriptor)


def _open_direct(path: Path) -> int | None:
    """A descriptor for direct writes, None where there are none."""
    if not _DIRECT:
        return None
    try:
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC | _DIRECT)
    except OSError as fault:
        if fault.errno != errno.EINVAL:
            raise
        return None


def _rest_of_page(size: int) -> int:
    """Bytes from `size` to the end of its page; 0 where a page ends."""
    return -size % PAGE_BYTES


def _whole_bytes(descriptor: int, end: int) -> int:
    """Where the file may be cut: at `end`, behind a newline, or before a line there that is no JSON."""
    if end == 0:
        return 0
    start = _after_newline(descriptor, end - 1)
    return end if is_json(os.pread(descriptor, end - start, start)) else start


def _after_newline(descriptor: int, end: int) -> int:
    """The offset behind the last newline before `end`; 0 if there is none."""
    while end > 0:
        start = max(0, end - _CHUNK_BYTES)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
