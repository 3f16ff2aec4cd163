"""The garbage collector while a run is at work: it has nothing to find, and a look holds the event loop.

What a run makes is freed when nobody refers to it any more. The collector is for circles, and a run makes
none, even where requests fail (`errors.without_frames`). A look goes through all that is in flight, 0.2 s for
the objects of 4,096 requests; with Python's thresholds looks took a tenth of a run's CPU.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLD = 3_000_000
"""Objects made, less those freed, before there is a look after all: many more than are in flight at once,
something must keep them."""


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
