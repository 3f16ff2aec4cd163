"""Python work of milliseconds, done beside the event loop where it is long enough to be worth it.

To hand work over and be told of its end costs half a millisecond of CPU beside a busy event loop: the two
threads take the interpreter lock from one another all the while. So what a text of ordinary length asks for
is done at once.

One thread for all of it: threads of Python code share one interpreter lock, so a second one would finish
nothing earlier, and each more makes the event loop wait longer for its turn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

TURN_S = 0.0005
"""How long a thread may keep the lock while the event loop wants it; the default is ten times as much."""

SHORT_CHARS = 16_000
"""A text that is read, matched with its grammar or verified in a few milliseconds, each a fraction of what
the event loop may be held."""

_one_thread: RunVar[anyio.CapacityLimiter] = RunVar("one_thread")


async def off_loop(function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """`function(*arguments)`, computed in the one thread there is for such work."""
    try:
        limiter = _one_thread.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(1)
        _one_thread.set(limiter)
    return await anyio.to_thread.run_sync(function, *arguments, limiter=limiter)


async def off_loop_if_long(chars: int, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """The same for work on a text of so many characters: done at once if that is short."""
    return function(*arguments) if chars <= SHORT_CHARS else await off_loop(function, *arguments)


def share_fairly() -> None:
    """Shortens the turns of threads for the whole process; for programs whose event loop must not wait."""
    sys.setswitchinterval(TURN_S)
