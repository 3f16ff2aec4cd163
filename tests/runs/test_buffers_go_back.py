"""Large buffers are pages of their own, so that what is freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import ctypes
from funcdex.memory import BUFFER_BYTES, give_back_buffers
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", *"rest12")]
try:
    told = ctypes.CDLL(None).mallinfo2
except AttributeError:
    raise SystemExit("no glibc")
told.restype = Info
warm = bytes(50 * BUFFER_BYTES); del warm  # from now on glibc would take smaller ones from its heap
give_back_buffers()
before = told().hblks
buffers = [bytes(BUFFER_BYTES) for _ in range(200)]  # the first few find room in the heap
assert told().hblks >= before + 150, told().hblks - before
del buffers
assert told().hblks == before
"""


def test_a_buffer_that_is_freed_goes_back_to_the_system() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ended.returncode == 0 or "no glibc" in ended.stderr, ended.stderr
