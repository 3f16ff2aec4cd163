"""What a range knows of earlier sessions and of its earlier owners is what the whole journal says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from resume.histories import accepted, begun_run, rejected, stages_of
from resume.test_ranges_are_taken_over import write

from funcdex.cluster.slices import entries_of_range, slice_of, with_later
from funcdex.rundir.reading import read_journal
from funcdex.rundir.segments import FencedFile, begin_ranges, take_over
from funcdex.stages.plan import id_of
from funcdex.types.record import Entry

EARLIER: list[Entry] = [*accepted(id_of(1)), *stages_of(id_of(2), 3), *rejected(id_of(9), 2)]
LATER: list[Entry] = [*stages_of(id_of(2))[3:5], *stages_of(id_of(3), 2), *rejected(id_of(4), 1)]


def test_a_slice_has_what_concerns_its_conversations_and_nothing_else(tmp_path: Path) -> None:
    whole = read_journal(begun_run(tmp_path, EARLIER))
    part = slice_of(whole, range(1, 5))
    assert set(part.settled) == {id_of(1)} and part.reached == {id_of(1): 7, id_of(2): 3}
    assert part.unsettled == {id_of(2): whole.unsettled[id_of(2)]}
    assert (part.scenarios, part.tokens) == ((), {})


@pytest.mark.parametrize("owners", [1, 2, 3])
def test_the_next_owner_stands_where_the_journal_says(tmp_path: Path, owners: int) -> None:
    run = begun_run(tmp_path, EARLIER)
    part = slice_of(read_journal(run), range(1, 5))
    session = begin_ranges(run)
    for owner in range(owners):
        write(run, take_over(run, session, 0), _share(owner, owners))
    own = take_over(run, session, 0)
    state = with_later(part, entries_of_range(run, own))
    whole = read_journal(run)
    assert state.unsettled == {id: one for id, one in whole.unsettled.items() if id != id_of(9)}
    assert state.settled == {id: one for id, one in whole.settled.items() if id != id_of(9)}
    assert state.tokens["tiny"].prompt == 10 * sum(bool(getattr(entry, "usage", ())) for entry in LATER)
    with FencedFile(run, own) as file:
        file.append(b"")


def _share(owner: int, owners: int) -> list[Entry]:
    """What each of several owners in turn has done."""
    cut = len(LATER) // owners
    return LATER[owner * cut : (owner + 1) * cut if owner < owners - 1 else None]
