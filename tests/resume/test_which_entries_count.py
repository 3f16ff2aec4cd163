from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from funcdex.rundir.jsonlines import as_line, from_line
from funcdex.rundir.reading import read_journal
from funcdex.rundir.replay import Replay, Tokens
from funcdex.types.entry_json import entry_line, entry_of
from funcdex.types.record import STAGES, Accepted, Draft, Entry, Plan, Rejected, Restarted, StageDone, fold
from resume.histories import MODEL, accepted, begun_run, rejected, stages_of


def replayed(*entries: Entry) -> Replay:
    """Each entry stands where its number, from 0, says."""
    replay = Replay()
    for number, entry in enumerate(entries):
        replay.take(entry, number)
    return replay


def test_an_unsettled_conversation_goes_on_where_it_stopped(tmp_path: Path) -> None:
    state = read_journal(begun_run(tmp_path, stages_of("a", 3)))
    draft = fold(Plan("a", 1, ("gmail",), "clear", 7), (entry for entry in state.unsettled["a"][:1]))
    assert draft.next_stage == "persona"
    assert [entry.stage for entry in state.unsettled["a"]] == ["scenario", "persona", "outline"]


def test_a_settled_conversation_is_kept_only_by_how_it_ended() -> None:
    replay = replayed(*accepted("a"), *rejected("b", 2, "refused"))
    assert replay.unsettled == {}
    assert replay.settled == {"a": Accepted("a"), "b": Rejected("b", "outline", "refused")}


def test_of_two_entries_for_one_stage_the_first_counts() -> None:
    first, second = (
        StageDone("a", "scenario", {"scenario": "1"}),
        StageDone("a", "scenario", {"scenario": "2"}),
    )
    replay = replayed(first, second)
    assert replay.unsettled == {"a": [0]}
    assert replay.repeated == 1


def test_entries_behind_a_gap_are_passed_over_until_the_gap_is_closed() -> None:
    entries = stages_of("a", 4)
    lost_one = [entries[0], *entries[2:]]
    assert replayed(*lost_one).reached == {"a": 1}
    done_again = [StageDone("a", entry.stage, {"dml": "again"}) for entry in entries[1:]]
    replay = replayed(*lost_one, *done_again)
    assert replay.unsettled["a"] == [0, *range(len(lost_one), len(lost_one) + len(done_again))]
    assert (replay.passed_over, replay.repeated) == (2, 0)


def test_an_acceptance_counts_only_behind_all_stages() -> None:
    assert replayed(*stages_of("a", 6), Accepted("a")).settled == {}
    assert replayed(*stages_of("a"), Accepted("a")).settled == {"a": Accepted("a")}


def test_a_conversation_can_be_rejected_before_its_first_stage() -> None:
    assert "a" in replayed(Rejected("a", "scenario", "duplicate_scenario")).settled


def test_nothing_follows_an_end_but_a_restart() -> None:
    end = Rejected("a", "scenario", "refused")
    replay = replayed(end, *stages_of("a", 1), Accepted("a"))
    assert (replay.settled, replay.repeated) == ({"a": end}, 2)


def test_a_restart_forgets_all_but_what_it_cost() -> None:
    replay = replayed(*rejected("a", 3), Restarted("a"), *stages_of("a", 1))
    assert (replay.settled, replay.reached, replay.repeated) == ({}, {"a": 1}, 0)
    assert replay.tokens == {MODEL: Tokens(50, 25, 5)}


def test_scenarios_come_in_the_order_of_the_journal_with_those_of_settled_conversations(
    tmp_path: Path,
) -> None:
    entries = [*stages_of("b", 1), *accepted("a"), *rejected("c", 3), *rejected("d", 0), *stages_of("e", 2)]
    scenarios = read_journal(begun_run(tmp_path, entries)).scenarios
    assert scenarios == tuple((id, f"scenario of {id} ") for id in ("b", "a", "c", "e"))


def test_a_restarted_conversation_gives_its_scenario_back(tmp_path: Path) -> None:
    entries = [*rejected("a", 3), *stages_of("b", 1), Restarted("a")]
    assert [id for id, _ in read_journal(begun_run(tmp_path, entries)).scenarios] == ["b"]
    entries += stages_of("a", 1)
    (tmp_path / "again").mkdir()
    assert [id for id, _ in read_journal(begun_run(tmp_path / "again", entries)).scenarios] == ["b", "a"]


def test_rejected_conversations_can_be_listed(tmp_path: Path) -> None:
    entries = [*rejected("b", 1), *accepted("a"), *rejected("c", 0), Restarted("c")]
    assert read_journal(begun_run(tmp_path, entries)).rejected_ids == ("b",)


ANY_ENTRY = st.builds(
    lambda id, kind: kind(id),
    st.sampled_from("ab"),
    st.sampled_from(
        [
            *[lambda id, stage=stage: StageDone(id, stage, {}) for stage in STAGES],
            Accepted,
            Restarted,
            lambda id: Rejected(id, "judge", "refused"),
        ]
    ),
)


@given(st.lists(ANY_ENTRY, max_size=40))
def test_whatever_the_journal_holds_each_conversation_has_its_stages_in_order_once(
    entries: list[Entry],
) -> None:
    replay = replayed(*entries)
    for id, places in replay.unsettled.items():
        done = [entry for entry in map(entries.__getitem__, places) if isinstance(entry, StageDone)]
        assert tuple(entry.stage for entry in done) == STAGES[: len(places)]
        assert id not in replay.settled and replay.reached[id] == len(done)
    for id, outcome in replay.settled.items():
        assert isinstance(outcome, Rejected) or replay.reached[id] == len(STAGES)


def read(record: Mapping[str, Any]) -> Entry | None:
    """The entry of such a line; None if it is none."""
    try:
        return entry_of(as_line(record))
    except ValueError:
        return None


def test_entries_of_versions_that_did_not_note_the_sampling_count() -> None:
    (entry,) = stages_of("a", 1)
    old = to_builtins(entry)
    for used in old["usage"]:
        del used["sampling"]
    assert read(old) == entry
    noted = to_builtins(entry)
    noted["usage"][0]["sampling"] = {"seed": 7, "temperature": 0.5}
    assert read(noted)
    for damage in (7, "seed", [1]):
        noted["usage"][0]["sampling"] = damage
        assert read(noted) is None
    assert read(old | {"usage": [old["usage"][0] | {"more": 1}]}) is None


def test_what_a_judge_and_corrections_add_is_of_its_kind() -> None:
    for key, good, bad in (("verdicts", {}, []), ("corrected", [], {}), ("written_by", "1.0", 1)):
        entry = to_builtins(StageDone("a", "judge", {key: good}))
        assert read(entry)
        assert read(entry | {"value": {key: bad}}) is None


OF_NO_ENTRY = {"plan", "usage", "begun", "done"}
LISTS, MAPPINGS = {"shown", "corrected", "adjudicated"}, {"blueprint", "grammar", "scores", "verdicts"}


@pytest.mark.parametrize("name", [one.name for one in fields(Draft) if one.name not in OF_NO_ENTRY])
def test_whatever_a_stage_adds_to_a_draft_counts_when_it_is_read_again(name: str) -> None:
    value: Any = [] if name in LISTS else {} if name in MAPPINGS else 1 if name == "corrections" else "x"
    for entry in (StageDone("a", "scenario", {name: value}), Rejected("a", "s", "r", value={name: value})):
        assert entry_of(entry_line(entry)) == entry
        assert read(to_builtins(entry) | {"value": {name: 1.5}}) is None


def test_a_rejection_of_an_earlier_version_counts() -> None:
    entry = Rejected("a", "conversation", "markup", "why")
    old = {key: value for key, value in to_builtins(entry).items() if key != "value"}
    assert read(old) == entry
    assert read(old | {"value": "text"}) is None
    assert read(old | {"more": 1}) is None


@pytest.mark.parametrize(
    "value", ["lone \ud800", 2**70, "\u2028 \x7f", {"deep": [[[{}]]]}, 1e300, "&lt;</user>\n"]
)
def test_what_a_model_may_write_comes_back_as_it_was(value: Any) -> None:
    entry = StageDone("a", "judge", {"scores": {"said": value}})
    line = entry_line(entry)
    assert entry_of(line) == entry and line.count(b"\n") == 1
    assert from_line(line) == to_builtins(entry) | {"usage": []}


def test_an_entry_too_deep_for_any_reader_is_none() -> None:
    line = entry_line(StageDone("a", "judge", {"scores": {}}))
    with pytest.raises(ValueError, match="."):
        entry_of(line.replace(b'"scores":{}', b'"scores":' + b'{"a":' * 9000 + b"{}" + b"}" * 9000))
