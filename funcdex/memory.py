"""Memory while a run is at work: no look for garbage holds the event loop, buffers go back to the system.

What a run makes is freed when nobody refers to it any more. Python's collector is for circles, and a run
makes none, even where requests fail (`errors.without_frames`). A look goes through all that is in flight,
0.2 s for the objects of 4,096 requests; with Python's thresholds looks took a tenth of a run's CPU.

The bodies of requests and answers come and go by the thousand, tens of kilobytes each. glibc cuts them from
one heap, where what is small and stays comes to lie between them, so that the heap grows for hours and never
shrinks. Figures: docs/scale.md.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLD = 3_000_000
"""Objects made, less those freed, before there is a look after all: many more than are in flight at once,
so that something must keep them."""

BUFFER_BYTES = 16 * 1024
"""Blocks of so many bytes and more are pages of their own, given back when they are freed."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_ARENAS = 2
"""One for the event loop, one for the threads beside it. glibc's default is 8 for each core."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """What is there already is left out of all looks; inside the block there is next to none."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(THRESHOLD, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()  # Or libraries complain of leaks when the interpreter ends.


def give_back_buffers() -> None:
    """A setting of the process. Does nothing where the C library is not glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_M_MMAP_THRESHOLD, BUFFER_BYTES)
    mallopt(_M_ARENA_MAX, _ARENAS)
