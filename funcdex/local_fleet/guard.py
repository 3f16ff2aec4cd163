"""Runs one program and sees to it that nothing of it outlives who asked for it.

    python -m funcdex.local_fleet.guard PATIENCE_S PROGRAM ARGUMENT...

When standard input ends, which the system sees to however the parent ends, the program is asked to end and,
PATIENCE_S later, killed with all of its process group. Signals go on to it. If this process itself is killed,
the system kills the program (Linux). Exit code: the program's.

Nothing but the standard library: it runs beside each server for days.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1
NOT_STARTED = 127


def main(arguments: Sequence[str]) -> int:
    """Returns when the program has ended."""
    patience_s, command = float(arguments[0]), list(arguments[1:])
    # A process that is to end asks its parent first, so the group is the program's own.
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_ends_with_parent()
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return NOT_STARTED
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda number, frame: _send(process.pid, number))
    threading.Thread(target=_end_with_stdin, args=(process, patience_s), daemon=True).start()
    code = process.wait()
    _send(process.pid, signal.SIGKILL)  # What it left behind.
    return code if code >= 0 else 128 - code


def _end_with_stdin(process: subprocess.Popen[bytes], patience_s: float) -> None:
    while os.read(0, 4096):
        pass
    _send(process.pid, signal.SIGTERM)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        _send(process.pid, signal.SIGKILL)


def _ends_with_parent() -> Callable[[], None] | None:
    """For Linux. Elsewhere a guard that is killed leaves its program behind."""
    if not sys.platform.startswith("linux"):
        return None
    control = ctypes.CDLL(None).prctl

    def ask_system() -> None:
        control(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask_system


def _send(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass  # It has ended.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
