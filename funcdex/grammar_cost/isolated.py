"""Measures in a process of its own: a grammar from outside may take an engine down, or compile for ever."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from multiprocessing.connection import Connection

from funcdex.grammar_cost.engines import EngineName, Source, make_engine
from funcdex.grammar_cost.measure import Measurement, Path, measure
from funcdex.grammar_cost.vocabulary import Vocabulary

COMPILE_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of one measurement."""

    engine: EngineName
    vocabulary: Vocabulary
    source: Source
    following: Source
    path: Path
    limit_s: float


def measure_isolated(work: Work, *, compile_limit_s: float = COMPILE_LIMIT_S) -> Measurement:
    """As `measure`, by a fresh engine; an engine that dies or does not end is a note."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, work), daemon=True)
    child.start()
    theirs.close()
    try:
        return _answer(ours, work.engine, 2 * work.limit_s + compile_limit_s)
    finally:
        child.kill()
        child.join()
        ours.close()


def _answer(ours: Connection, engine: EngineName, limit_s: float) -> Measurement:
    if not ours.poll(limit_s):
        return Measurement(engine, note=f"stopped: not ready after {limit_s:g} s")
    try:
        found: Measurement = ours.recv()
    except EOFError:
        return Measurement(engine, note="the engine crashed on this grammar")
    return found


def _work(theirs: Connection, work: Work) -> None:
    engine = make_engine(work.engine, work.vocabulary)
    theirs.send(measure(engine, work.source, work.following, work.path, limit_s=work.limit_s))
