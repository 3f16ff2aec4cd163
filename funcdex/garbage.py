"""The garbage collector while a run is at work: it has next to nothing to find, and should look rarely.

What a run makes is freed when nobody refers to it any more. The collector is for circles, which are few
here, and with Python's thresholds it took a tenth of a run's CPU.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = 5_000, 2, 1_000
"""Objects made, and not freed, between two looks at the youngest of them; looks at these between two at the
next generation, and so on. The event loop waits for a look, 1 to 3 ms for a thousand objects: so none but
the last, which comes next to never, has more than 15,000 before it."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """What is there already is left out of all looks; inside the block the others are rare."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()  # Or libraries complain of leaks when the interpreter ends.
