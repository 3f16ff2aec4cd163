"""Small journals to test with, and the lines that their entries make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from funcdex.rundir.journal import append_entries
from funcdex.rundir.jsonlines import from_line
from funcdex.rundir.layout import RunDir
from funcdex.rundir.outputs import DUE_AFTER, DUE_WHEN_ACCEPTED, DUE_WHEN_REJECTED
from funcdex.types.conversation import JsonValue
from funcdex.types.record import STAGES, Accepted, Entry, Line, OutputName, Rejected, StageDone, Usage

MODEL = "tiny"


def usage(stage: str, prompt_tokens: int = 10, completion_tokens: int = 5) -> Usage:
    """One completion of a tiny model."""
    return Usage(stage, "abc", "http://localhost:1", MODEL, prompt_tokens, completion_tokens, 1, 0.5, False)


def stages_of(id: str, reached: int = len(STAGES), text: str = "") -> list[StageDone]:
    """The entries of a conversation that has its first `reached` stages behind it."""
    return [_stage_done(id, stage, text) for stage in STAGES[:reached]]


def _stage_done(id: str, stage: str, text: str) -> StageDone:
    assert stage in STAGES
    value = {"scenario": f"scenario of {id} {text}"} if stage == "scenario" else {"dml": f"{stage} {text}"}
    return StageDone(id, stage, value, (usage(stage),))


def accepted(id: str, text: str = "") -> list[Entry]:
    """The whole history of a conversation that was accepted."""
    return [*stages_of(id, text=text), Accepted(id)]


def rejected(id: str, reached: int, reason: str = "duplicate_scenario", text: str = "") -> list[Entry]:
    """The history of a conversation that was rejected after `reached` stages."""
    return [*stages_of(id, reached, text), Rejected(id, STAGES[reached], reason, "why", (usage("judge"),))]


def lines_of(id: str, entries: Sequence[Entry]) -> list[Line]:
    """Every line these entries make; what stands in it tells of the entries."""
    lines: list[Line] = []
    for entry in entries:
        names: tuple[OutputName, ...] = ()
        if isinstance(entry, StageDone) and entry.stage in DUE_AFTER:
            names = (DUE_AFTER[entry.stage],)
        elif isinstance(entry, Accepted):
            names = DUE_WHEN_ACCEPTED
        elif isinstance(entry, Rejected):
            names = DUE_WHEN_REJECTED
        first = entries[0]
        scenario = first.value["scenario"] if isinstance(first, StageDone) else None
        lines.extend((name, {"id": id, "output": name, "scenario": scenario}) for name in names)
    return lines


def steps_of(id: str, entries: Sequence[Entry]) -> list[tuple[Entry, list[Line]]]:
    """Each entry with the lines that it adds."""
    counts = [len(lines_of(id, entries[:number])) for number in range(len(entries) + 1)]
    lines = lines_of(id, entries)
    return [(entry, lines[counts[n] : counts[n + 1]]) for n, entry in enumerate(entries)]


def begun_run(path: Path, entries: Iterable[Entry] = ()) -> RunDir:
    """A run directory whose journal holds the entries; its outputs are not written."""
    run = RunDir(path)
    run.path.mkdir(exist_ok=True)
    append_entries(run, entries)
    return run


def records(path: Path) -> list[JsonValue]:
    """Every line of the file, parsed; fails if one does not."""
    data = path.read_bytes()
    assert not data or data.endswith(b"\n")
    return [from_line(line) for line in data.splitlines()]
