"""Files that a user names, and only files: a pipe would be waited for, a device never ends."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
# Or opening a pipe would wait for somebody to write to it.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_ordinary(path: Path) -> BinaryIO:
    """The file, open for reading. Raises OSError, its `strerror` a reason to show, for whatever is none."""
    try:
        descriptor = os.open(path, _FLAGS)
    except ValueError as error:
        raise OSError(errno.EINVAL, "its name holds a character that no file's name can hold") from error
    kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
    if kind != stat.S_IFREG:
        os.close(descriptor)
        raise OSError(errno.EINVAL, f"it is {_KINDS.get(kind, 'something else')}, not a file")
    return os.fdopen(descriptor, "rb")


def read_ordinary(path: Path, most_bytes: int) -> bytes:
    """All of the file. Raises OSError as `open_ordinary` does, and if there is more than `most_bytes`."""
    with open_ordinary(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(most_bytes + 1) if size <= most_bytes else b""
    if max(size, len(data)) > most_bytes:
        raise OSError(
            errno.EFBIG, f"it has {_shown(max(size, len(data)))}; at most {_shown(most_bytes)} are read"
        )
    return data


def _shown(count: int) -> str:
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{count:,} bytes"
