"""A disk that stops, fills up or breaks at its n-th operation, and what a power cut would leave of it.

It stands between the code and `os`: every call that changes a file counts. What was synced is remembered, so
that a power cut can be played: `cut_power` puts the folder into a state that a file system may leave.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Self, get_args
from unittest import mock

How = Literal["torn", "full", "broken", "read_only"]
"""`torn`: the process is killed; of a write half the pages or bytes get through. `full`: from then on nothing
finds room, and the first write finds some. `broken`: the one operation fails. `read_only`: nothing may be
changed from then on."""

Cut = Literal["nothing_unsynced", "data_without_sizes", "everything"]
"""What a power cut leaves. A file system orders data before sizes, so between the two there is the new data
as far as the old size reaches."""

CUTS: tuple[Cut, ...] = get_args(Cut)
_CODES = {"full": errno.ENOSPC, "broken": errno.EIO, "read_only": errno.EROFS}
_GROWS = ("pwrite", "open", "replace", "mkdir")


class Killed(Exception):
    """The process ended here. Not an OSError, which the code may handle."""


class FaultyDisk:
    """In force within its block, for all threads. `at` counts from 1; 0 means never.

    `struck`: the block came so far. Nothing is really synced, which only takes time.
    """

    def __init__(self, root: Path, *, at: int = 0, how: How = "torn") -> None:
        self._root = root
        self._at = at
        self._how = how
        self._operations = 0
        self._synced: dict[int, bytes] = {}
        self._entries: dict[Path, set[tuple[str, int]]] = {}
        self._patches = ExitStack()

    @property
    def struck(self) -> bool:
        return 0 < self._at <= self._operations

    def __enter__(self) -> Self:
        for path in (self._root, *self._root.rglob("*")):  # What is there is there for good.
            self._keep(path)
        for name in ("pwrite", "ftruncate", "replace", "unlink", "mkdir", "open"):
            self._patches.enter_context(mock.patch.object(os, name, self._watched(name, getattr(os, name))))
        self._patches.enter_context(mock.patch.object(os, "fsync", self._watched("fsync", self._sync)))
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def cut_power(self, leaves: Cut) -> None:
        """Puts the folder into the state that is found after the power came back."""
        if leaves == "everything":
            return
        if leaves == "data_without_sizes":
            for path in (path for path in self._root.rglob("*") if path.is_file()):
                synced = self._synced.get(path.stat().st_ino)
                if synced is not None:
                    path.write_bytes(path.read_bytes()[: len(synced)])
            return
        self._restore(self._root)

    def _restore(self, folder: Path) -> None:
        kept = self._entries.get(folder, set())
        there = {(path.name, path.stat().st_ino) for path in folder.iterdir()}
        for name, _ in there - kept:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, inode in kept:
            if (path := folder / name).is_dir():
                self._restore(path)
            else:
                path.write_bytes(self._synced.get(inode, b""))

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if name == "open" and not self._changes(*arguments):
                return real(*arguments, **named)
            self._operations += 1
            if self._strikes(name):
                return self._fault(name, real, arguments)
            return real(*arguments, **named)

        return call

    def _changes(self, path: str | Path, flags: int, *_: object) -> bool:
        if self._how == "read_only":
            return bool(flags & (os.O_WRONLY | os.O_RDWR))
        return bool(flags & os.O_CREAT) and not os.path.exists(path)

    def _strikes(self, name: str) -> bool:
        if self._how == "broken":
            return self._operations == self._at
        return self.struck and (self._how != "full" or name in _GROWS)

    def _fault(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        first = self._operations == self._at
        if name == "pwrite" and first and self._how in ("torn", "full"):
            descriptor, data, at = arguments
            written = real(descriptor, _half(data), at)
            if self._how == "full":
                return written
        if self._how == "torn":
            raise Killed(f"{name} was operation {self._operations}")
        code = _CODES[self._how]
        raise OSError(code, os.strerror(code))

    def _sync(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        for path in (self._root, *self._root.rglob("*")):
            if path.stat().st_ino == inode:
                self._keep(path)

    def _keep(self, path: Path) -> None:
        if path.is_dir():
            self._entries[path] = {(entry.name, entry.stat().st_ino) for entry in path.iterdir()}
        else:
            self._synced[path.stat().st_ino] = path.read_bytes()


def _half(data: bytes | mmap.mmap) -> bytes | memoryview:
    if isinstance(data, mmap.mmap):  # Direct writes are whole pages from memory that begins at one.
        pages = len(data) // mmap.PAGESIZE
        return memoryview(data)[: pages // 2 * mmap.PAGESIZE]
    return data[: len(data) // 2]
