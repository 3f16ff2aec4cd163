"""The readable outputs agree with the journal: one line for each record that is due, and no other.

In a run they are written right after the journal. What a kill, a power cut or a user's hand has changed
since is put right when the run is resumed, before its work begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from funcdex.rundir.files import LINES_BUFFER_BYTES, disk_faults, replacement, sync_folder
from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.layout import OUTPUTS, RunDir
from funcdex.rundir.linefile import LineFile
from funcdex.rundir.reading import Damaged, JournalState, journal_items
from funcdex.rundir.replay import Outcome, Replay
from funcdex.types.record import STAGES, Accepted, Entry, Line, OutputName, Rejected, Restarted, Stage

LinesOf = Callable[[str, Sequence[Entry]], Sequence[Line]]
"""Every line that the entries of one conversation make, in order: the same lines as in the run. The
entries are those since the last restart, its end included."""

DUE_AFTER: Mapping[Stage, OutputName] = {
    "conversation": "conversations",
    "system_prompt": "conversations_with_system_prompts",
    "judge": "scored_conversations",
}
"""Which output gets a line when a stage is done."""

DUE_WHEN_ACCEPTED: tuple[OutputName, ...] = ("accepted_conversations", "parsed_conversations")
DUE_WHEN_REJECTED: tuple[OutputName, ...] = ("rejected",)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many lines were put back, and how many taken out, for each output that had to change."""

    appended: Mapping[OutputName, int]
    dropped: Mapping[OutputName, int]


def reconcile(run: RunDir, state: JournalState, lines_of: LinesOf) -> Reconciled:
    """Mends the outputs from the journal, which says `state`, or said it: it may be appended to
    meanwhile, the outputs may not. Blocks. Raises CheckpointError.

    A line is taken out if it is not JSON, has no `id`, is the second of its id, or belongs to a
    conversation that has not come so far (it was restarted). Missing lines are made by `lines_of`, which
    is called only for conversations that miss one, and appended. Memory holds the ids, not the records.
    """
    due = {id: _due(reached, state.settled.get(id)) for id, reached in state.reached.items()}
    due |= {id: _due(0, outcome) for id, outcome in state.settled.items() if id not in due}
    dropped: dict[OutputName, int] = {}
    missing: dict[str, set[OutputName]] = {}
    for name in OUTPUTS:
        kept, taken_out = _tidy(run, name, {id for id, names in due.items() if name in names})
        if taken_out:
            dropped[name] = taken_out
        for id in (id for id, names in due.items() if name in names and id not in kept):
            missing.setdefault(id, set()).add(name)
    return Reconciled(_put_back(run, lines_of, missing, state.restarts) if missing else {}, dropped)


def _due(reached: int, outcome: Outcome | None) -> tuple[OutputName, ...]:
    names = tuple(DUE_AFTER[stage] for stage in STAGES[:reached] if stage in DUE_AFTER)
    if isinstance(outcome, Accepted):
        return names + DUE_WHEN_ACCEPTED
    return names + DUE_WHEN_REJECTED if isinstance(outcome, Rejected) else names


def _tidy(run: RunDir, name: OutputName, due: set[str]) -> tuple[set[str], int]:
    """Takes out of an output what does not belong; the ids that are left, and the number of lines gone."""
    path = run.output(name)
    with disk_faults(path, "mending an output"):
        if not path.exists():
            return set(), 0
        kept: set[str] = set()
        lines = 0
        with path.open("rb", LINES_BUFFER_BYTES) as file:
            for line in file:
                lines += 1
                id = _id_of(line)
                if id in due:
                    kept.add(id)
        if lines > len(kept):
            _rewrite(run, name, due)
        return kept, lines - len(kept)


def _rewrite(run: RunDir, name: OutputName, due: set[str]) -> None:
    """Leaves the first line of each id that is due."""
    path, written = run.output(name), set[str]()
    with path.open("rb", LINES_BUFFER_BYTES) as file, replacement(path) as tidied:
        for line in file:
            id = _id_of(line)
            if id in due and id not in written:
                written.add(id)
                tidied.write(line)


def _id_of(line: bytes) -> str:
    """The record's id; "", which no conversation has, if the line is no record."""
    try:
        record = from_line(line) if line.endswith(b"\n") else None
    except ValueError:
        return ""
    id = record.get("id") if isinstance(record, dict) else None
    return id if isinstance(id, str) else ""


def _put_back(
    run: RunDir, lines_of: LinesOf, missing: Mapping[str, set[OutputName]], restarts: Mapping[str, int]
) -> Mapping[OutputName, int]:
    appended = Counter[OutputName]()
    with disk_faults(run.path, "mending the outputs"):
        files = {name: LineFile(run.output(name)) for name in OUTPUTS}
        try:
            for id, entries in _histories(run, missing, restarts):
                for name, record in lines_of(id, entries):
                    if name in missing[id]:
                        files[name].append(as_line(record))
                        appended[name] += 1
        finally:
            for file in files.values():
                file.close()
        sync_folder(run.path)
    return appended


def _histories(
    run: RunDir, wanted: Mapping[str, object], restarts: Mapping[str, int]
) -> Iterator[tuple[str, Sequence[Entry]]]:
    """The entries that count of each wanted conversation, given away as soon as it has ended for good."""
    replay, begun = Replay(), dict(restarts)
    histories: dict[str, list[Entry]] = {}
    for entry in journal_items(run):
        if isinstance(entry, Damaged) or not replay.take(entry) or entry.id not in wanted:
            continue
        if isinstance(entry, Restarted):
            begun[entry.id] -= 1
            histories.pop(entry.id, None)
            continue
        histories.setdefault(entry.id, []).append(entry)
        if isinstance(entry, Accepted | Rejected) and not begun.get(entry.id):
            yield entry.id, histories.pop(entry.id)
    yield from histories.items()
