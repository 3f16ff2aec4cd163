"""Throws inputs at a reader and keeps those that it answers in a way not seen before.

A reader is under test together with its promise: each target turns the errors that are documented into a
word, so whatever it raises is a find. So is an input that takes too long, and memory that grows. The same
seed and number of inputs give the same run.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from funcdex.errors import panics_as_recursion
from fuzz.mutate import mutated

LIMIT_S = 2.0
"""CPU seconds for one input."""
GROWTH_BYTES = 300 * 2**20
"""By how much a process may grow once it is warm."""

_WARM_INPUTS = 2_000
_LOOKED_AT_EVERY = 1_000
_MOST_KEPT = 5_000
_SHAPE_CHARS = 80
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|\S{40,}|\(.*|[^\x20-\x7e].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """`run` says in a few words how the input was answered; `words` are those of its language."""

    name: str
    run: Callable[[bytes], str]
    words: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """`kind`: crash, hang or memory. `data` is the input."""

    kind: str
    what: str
    data: bytes


@dataclass(slots=True)
class Report:
    """What a session saw: `answers` is the number of different ones."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    answers: int = 0
    finds: list[Find] = field(default_factory=list)


class _TooLong(BaseException):
    """Not an Exception: no reader may swallow it."""


def fuzz(
    target: Target,
    corpus: Sequence[bytes],
    *,
    seed: int,
    inputs: int | None = None,
    seconds: float | None = None,
    current: Path | None = None,
) -> Report:
    """Runs the corpus, then changed inputs until `inputs` or `seconds` are used up.

    `current` is a file that always holds the input at work: what is left of one that ends the process.
    """
    session = _Session(target, random.Random(seed), current)
    begun_s = time.monotonic()
    with _alarm():
        for data in corpus:
            session.take(data)
        while (inputs is None or session.report.inputs < inputs) and (
            seconds is None or time.monotonic() - begun_s < seconds
        ):
            session.step()
    session.report.seconds = time.monotonic() - begun_s
    return session.report


class _Session:
    def __init__(self, target: Target, rng: random.Random, current: Path | None) -> None:
        self.report = Report(target.name)
        self._target, self._rng, self._current = target, rng, current
        self._kept: list[bytes] = [b""]
        self._answers: set[str] = set()
        self._found: set[str] = set()
        self._warm_bytes: int | None = None

    def step(self) -> None:
        data = self._rng.choice(self._kept)
        self.take(mutated(data, self._kept, self._target.words, self._rng))
        if self.report.inputs % _LOOKED_AT_EVERY == 0:
            self._look_at_memory(data)

    def take(self, data: bytes) -> None:
        """Runs one input; a new answer makes it one to go on from."""
        if self._current is not None:
            self._current.write_bytes(data)
        self.report.inputs += 1
        try:
            signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
            try:
                with panics_as_recursion():
                    answer = self._target.run(data)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        except _TooLong as late:
            self._find("hang", f"more than {LIMIT_S:g} s of CPU, {_where(late)}", data)
        except Exception as error:
            self._find("crash", f"{type(error).__name__}: {str(error)[:200]}, {_where(error)}", data)
        else:
            self._keep(answer, data)

    def _keep(self, answer: str, data: bytes) -> None:
        shape = _VARIABLE.sub("*", answer)[:_SHAPE_CHARS]
        if shape not in self._answers and len(self._kept) < _MOST_KEPT:
            self._answers.add(shape)
            self._kept.append(data)
        self.report.answers = len(self._answers)

    def _find(self, kind: str, what: str, data: bytes) -> None:
        place = f"{kind} {what.split(':')[0]} {what.rpartition(', ')[2]}"
        if place not in self._found:
            self._found.add(place)
            self.report.finds.append(Find(kind, what, data))

    def _look_at_memory(self, data: bytes) -> None:
        resident = _resident_bytes()
        if self._warm_bytes is None:
            self._warm_bytes = resident if self.report.inputs >= _WARM_INPUTS else None
        elif resident > self._warm_bytes + GROWTH_BYTES:
            grown = (resident - self._warm_bytes) // 2**20
            self._find("memory", f"the process grew by {grown} MB, engine", data)
            self._warm_bytes = resident


@contextmanager
def _alarm() -> Iterator[None]:
    """CPU time, not the wall's: other work on the machine makes no hang."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _where(error: BaseException) -> str:
    """The innermost line of funcdex in the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/funcdex/" in frame.filename]
    ours = [frame for frame in frames if "/site-packages/" not in frame.filename]
    last = (ours or traceback.extract_tb(error.__traceback__))[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # only Linux tells
        return 0
