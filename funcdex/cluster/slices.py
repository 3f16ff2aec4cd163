"""What the journal says of one range: what the driver read of earlier sessions, and what the range's earlier
owners have written since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from funcdex.rundir.layout import RunDir
from funcdex.rundir.replay import Damaged, JournalState, Replay, journal_records
from funcdex.rundir.segments import Segment, segments
from funcdex.stages.plan import id_of
from funcdex.types.record import EntryRecord, StageDone, stage_from_json


def slice_of(state: JournalState, indices: range) -> JournalState:
    """What of the state concerns these conversations. Tokens and damage are the run's, and left out; so are
    scenarios, which those who decide have."""
    ids = {id_of(index) for index in indices}
    return replace(
        state,
        unsettled={id: one for id, one in state.unsettled.items() if id in ids},
        settled={id: one for id, one in state.settled.items() if id in ids},
        reached={id: one for id, one in state.reached.items() if id in ids},
        restarts={id: one for id, one in state.restarts.items() if id in ids},
        scenarios=(),
        written={},
        tokens={},
        damaged=(),
    )


def with_later(state: JournalState, records: Iterable[EntryRecord]) -> JournalState:
    """The state after these entries, by the rule that all of the journal is read with."""
    replay = Replay(
        unsettled={id: [0] * len(entries) for id, entries in state.unsettled.items()},
        settled=dict(state.settled),
        reached=dict(state.reached),
        simulated=state.simulated,
    )
    later: defaultdict[str, list[StageDone]] = defaultdict(list)
    for record in records:
        if replay.take(record) and record["entry"] == "stage":
            later[record["id"]].append(stage_from_json(record))
    return replace(
        state,
        unsettled={id: (*state.unsettled.get(id, ()), *later[id]) for id in replay.unsettled},
        settled=replay.settled,
        reached=replay.reached,
        tokens=replay.tokens,
        simulated=replay.simulated,
    )


def records_of_range(run: RunDir, own: Segment) -> Iterable[EntryRecord]:
    """What earlier owners of this range have written in this session, as far as it counts. Raises
    CheckpointError."""
    earlier = [
        one
        for one in segments(run)
        if (one.session, one.range) == (own.session, own.range) and one.path != own.path
    ]
    for _, item in journal_records(run, earlier):
        if not isinstance(item, Damaged):
            yield item
