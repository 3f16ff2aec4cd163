"""Compiles grammars in a process of its own, `python -m funcdex.grammar.compile_process`: one text after
another.

The engine has no time limit, a thread cannot be stopped, and rules that lead to one another a few thousand
deep have ended the whole process (a stack overflow in native code). Here that costs one process, which is
started again.

Each text comes as a line with its length in bytes, then the text (UTF-8). The answer is a line: the fault
as a JSON string, `null` if there is none. It ends with its input, also if its parent is killed.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

from funcdex.grammar.check import fault_of_lark

LIMIT_S = 20.0
"""The longest one compile may take, unless an argument says otherwise; the system ends the process then,
wherever it is. The slowest text below a megabyte that was found takes 3 s."""
STACK_BYTES = 2 * 2**20
"""As much as a thread of a server can be relied upon to have: what needs more here might end a server."""
MEMORY_BYTES = 4 * 2**30
"""Of addresses, of which the engine's threads reserve much more than they use."""


def main() -> None:
    """Answers until the input ends."""
    _limit_memory()
    threading.stack_size(STACK_BYTES)
    # Native code runs on the stack of the thread that calls it.
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else LIMIT_S
    worker = threading.Thread(target=_answer, args=(sys.stdin.buffer, sys.stdout.buffer, limit_s))
    worker.start()
    worker.join()


def _answer(texts: BinaryIO, faults: BinaryIO, limit_s: float) -> None:
    while length := texts.readline():
        text = texts.read(int(length)).decode()
        # Not Python's alarm handler, which could only run between two instructions of Python: the default
        # one.
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        fault = fault_of_lark(text)
        signal.setitimer(signal.ITIMER_REAL, 0)
        faults.write(json.dumps(fault).encode() + b"\n")
        faults.flush()


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        # It is expected to die at times, and nobody wants to see its memory on the disk.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
