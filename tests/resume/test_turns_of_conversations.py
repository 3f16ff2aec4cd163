"""Which turns of conversations that are written turn by turn count when a journal is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import to_builtins

from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.reading import read_journal
from funcdex.rundir.replay import Replay
from funcdex.types.conversation import JsonValue
from funcdex.types.entry_json import entry_line, entry_of
from funcdex.types.record import Entry, Plan, Rejected, Restarted, StageDone, TurnDone, fold
from resume.histories import begun_run, stages_of, usage


def turn(sample: int, number: int, id: str = "a") -> TurnDone:
    return TurnDone(id, sample, number, f"turn {sample}.{number}", (), (usage("user_turn"),))


def as_read(entry: Entry) -> Entry:
    return entry_of(entry_line(entry))


READY: list[Entry] = [*stages_of("a", 4)]
"""The conversation comes next."""
WRITTEN = StageDone("a", "conversation", {"dml": "all"}, (usage("user_turn"), usage("assistant_turn")))


def turns_of(path: Path, *entries: Entry) -> list[tuple[int, int]]:
    state = read_journal(begun_run(path, [*READY, *entries]))
    return [(one.sample, one.turn) for one in state.turns.get("a", ())]


def test_turns_count_in_order_and_a_further_sample_begins_with_its_first(tmp_path: Path) -> None:
    entries = [turn(1, 1), turn(1, 2), turn(3, 1), turn(3, 2)]
    assert turns_of(tmp_path, *entries) == [(1, 1), (1, 2), (3, 1), (3, 2)]


@pytest.mark.parametrize("stray", [turn(1, 1), turn(1, 3), turn(2, 2), turn(0, 1)])
def test_a_turn_out_of_order_is_passed_over(tmp_path: Path, stray: TurnDone) -> None:
    assert turns_of(tmp_path, turn(1, 1), stray, turn(1, 2)) == [(1, 1), (1, 2)]


@pytest.mark.parametrize("end", [WRITTEN, Rejected("a", "conversation", "markup"), Restarted("a")])
def test_turns_are_forgotten_when_their_conversation_is_whole_or_given_up(tmp_path: Path, end: Entry) -> None:
    assert turns_of(tmp_path, turn(1, 1), end) == []


def test_turns_count_only_where_the_conversation_comes_next() -> None:
    replay = Replay()
    early: list[Entry] = [*stages_of("a", 3), turn(1, 1), stages_of("a")[3]]
    for entry in [*early, WRITTEN, turn(1, 1)]:
        replay.take(as_read(entry))
    assert (replay.turns, replay.passed_over, replay.repeated) == ({}, 1, 1)


def test_what_turns_cost_is_told_once() -> None:
    replay = Replay()
    for entry in [*READY, turn(1, 1), turn(1, 2), WRITTEN]:
        replay.take(as_read(entry))
    assert replay.tokens["tiny"].prompt == 10 * (len(READY) + 2)


def test_a_draft_knows_its_begun_turns_until_it_is_whole() -> None:
    stages = [entry for entry in READY if isinstance(entry, StageDone)]
    draft = fold(Plan("a", 1, ("gmail",), "clear", 7), stages, [turn(1, 1)])
    assert draft.begun == (turn(1, 1),) and draft.next_stage == "conversation"
    assert draft.after(WRITTEN).begun == ()


def test_a_turn_comes_back_from_json_as_it_was() -> None:
    one = TurnDone("a", 2, 3, "</user>\nHi", ({"sample": 1, "how": "turn"},), (usage("assistant_turn"),))
    assert as_read(one) == one


@pytest.mark.parametrize(
    ("key", "value"),
    [("sample", "1"), ("sample", True), ("turn", 0), ("dml", None), ("corrected", {}), ("usage", [{}])],
)
def test_what_is_no_turn_is_no_entry(key: str, value: JsonValue) -> None:
    with pytest.raises(ValueError, match=key):
        entry_of(as_line(to_builtins(turn(1, 1)) | {key: value}))
