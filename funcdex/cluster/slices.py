"""What the journal says of one range: what the driver read of earlier sessions, and what the range's earlier
owners have written since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from funcdex.rundir.layout import RunDir
from funcdex.rundir.reading import Damaged, JournalState, placed_items
from funcdex.rundir.replay import Replay
from funcdex.rundir.segments import Segment, segments
from funcdex.stages.plan import id_of
from funcdex.types.record import Entry, StageDone, TurnDone


def slice_of(state: JournalState, indices: range) -> JournalState:
    """What of the state concerns these conversations. Tokens and damage are the run's, and left out; so are
    scenarios, which those who decide have."""
    ids = {id_of(index) for index in indices}
    return replace(
        state,
        unsettled={id: one for id, one in state.unsettled.items() if id in ids},
        turns={id: one for id, one in state.turns.items() if id in ids},
        settled={id: one for id, one in state.settled.items() if id in ids},
        reached={id: one for id, one in state.reached.items() if id in ids},
        restarts={id: one for id, one in state.restarts.items() if id in ids},
        scenarios=(),
        written={},
        tokens={},
        damaged=(),
    )


def with_later(state: JournalState, entries: Iterable[Entry]) -> JournalState:
    """The state after these entries, by the rule that all of the journal is read with."""
    replay = Replay(
        unsettled={id: [0] * len(entries) for id, entries in state.unsettled.items()},
        settled=dict(state.settled),
        reached=dict(state.reached),
        simulated=state.simulated,
    )
    for id, turns in state.turns.items():
        replay.take_earlier_turns(id, turns)
    later: defaultdict[str, list[StageDone]] = defaultdict(list)
    turns_later: defaultdict[str, list[TurnDone]] = defaultdict(list)
    for entry in entries:
        if replay.take(entry):
            if isinstance(entry, StageDone):
                later[entry.id].append(entry)
            elif isinstance(entry, TurnDone):
                turns_later[entry.id].append(entry)
    return replace(
        state,
        unsettled={id: (*state.unsettled.get(id, ()), *later[id]) for id in replay.unsettled},
        turns={id: (*state.turns.get(id, ()), *turns_later[id]) for id in replay.turns},
        settled=replay.settled,
        reached=replay.reached,
        tokens=replay.tokens,
        simulated=replay.simulated,
    )


def entries_of_range(run: RunDir, own: Segment) -> Iterable[Entry]:
    """What earlier owners of this range have written in this session, as far as it counts. Raises
    CheckpointError."""
    earlier = [
        one
        for one in segments(run)
        if (one.session, one.range) == (own.session, own.range) and one.path != own.path
    ]
    for _, item in placed_items(run, earlier):
        if not isinstance(item, Damaged):
            yield item
