"""One process at a time works on a run directory.

The lock is the operating system's (flock), so it ends with its process, however that ends. The text in
the file only tells who holds it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funcdex.errors import CheckpointError
from funcdex.rundir.files import disk_faults, make_folder
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.layout import RunDir

_TRIES = 5
_BETWEEN_TRIES_S = 0.05
_NO_LOCKS = "Put the run directory on a file system that knows locks."


@contextmanager
def exclusive(run: RunDir, option: str = "--run") -> Iterator[None]:
    """Holds the run directory, which is made if it is missing; `option` names another one. Raises
    CheckpointError if another process holds it."""
    with disk_faults(run.lock, "locking the run directory", _NO_LOCKS):
        make_folder(run.path)
        descriptor = os.open(run.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with disk_faults(run.lock, "locking the run directory", _NO_LOCKS):
            if not _obtained(descriptor):
                raise _in_use(run.lock, option)
            _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def held(run: RunDir) -> bool:
    """Whether a process works on the run at this moment. Changes nothing. Raises CheckpointError."""
    if not os.path.exists(run.lock):
        return False
    with disk_faults(run.lock, "reading the lock", _NO_LOCKS), run.lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _obtained(descriptor: int) -> bool:
    # More than once, because `held` holds the lock for some microseconds, too.
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_BETWEEN_TRIES_S)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def _sign(descriptor: int) -> None:
    line = as_line({"pid": os.getpid(), "host": socket.gethostname()})
    os.pwrite(descriptor, line, 0)
    os.ftruncate(descriptor, len(line))


def _in_use(path: Path, option: str) -> CheckpointError:
    return CheckpointError(
        "another funcdex process works on this run",
        where=f"{path}, held by {_holder(path)}",
        fix=f"Wait for it or stop it, or name another directory with {option}.",
    )


def _holder(path: Path) -> str:
    try:
        text = from_line(path.read_bytes())
        return f"process {text['pid']} on {text['host']}"
    except (ValueError, KeyError, TypeError):
        return "an unknown process"
