"""What belongs together never lies on both sides of a split."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.records import asks, call, calling, record, says
from funcdex.dataset.split import SplitOrder, Trait, shares_of, split, trait_of
from funcdex.errors import ConfigError
from funcdex.export.sample import sample_of

TEST = {"test": 0.25}


def trait(id: str, opening: str, arguments: object = None, scenario: str | None = None) -> Trait:
    answer = {"role": "tool", "tool_call_id": "call_0", "content": "{}"}
    middle = [] if arguments is None else [calling(None, call(0, "search", query=arguments)), answer]
    return trait_of(sample_of(record(id, [asks(opening), *middle, says("Ok.")]), id), scenario)


def together(one: Trait, other: Trait) -> bool:
    return bool(set(one.keys) & set(other.keys))


def test_what_makes_two_records_near_duplicates() -> None:
    assert together(trait("a", "Find invoice 12!"), trait("b", "find  Invoice 99."))
    assert not together(trait("a", "Find invoice"), trait("b", "Find the invoice"))
    assert together(trait("a", "One", "x"), trait("b", "Two", "x"))
    assert not together(trait("a", "One", "x"), trait("b", "Two", "y"))
    assert together(
        trait("a", "One", scenario="A shop sells 3 lamps."), trait("b", "Two", scenario="a shop sells lamps")
    )
    assert not together(trait("a", "One"), trait("b", "Two"))
    assert not together(trait("a", "42"), trait("b", "43"))


traits = st.lists(
    st.builds(
        lambda toolkit, keys, called: Trait(toolkit, tuple(bytes([key]) for key in keys), frozenset(called)),
        st.sampled_from(["gmail", "jira", "drive"]),
        st.lists(st.integers(0, 40), min_size=1, max_size=3),
        st.sets(st.sampled_from("abcdef")),
    ),
    min_size=1,
    max_size=60,
)


@settings(deadline=None)
@given(traits, st.integers(0, 9), st.sampled_from(["toolkit", "scenario"]))
def test_no_key_is_on_both_sides(found: list[Trait], seed: int, by: str) -> None:
    order = SplitOrder({"test": 0.2, "validation": 0.1}, by, seed=seed)  # type: ignore[arg-type]
    result = split(found, order)
    sides: dict[bytes, set[str]] = {}
    for one, place in zip(found, result.places, strict=True):
        for key in one.keys:
            sides.setdefault(key, set()).add(place)
    assert all(len(places) == 1 for places in sides.values())
    assert sum(result.sizes.values()) == len(found)
    assert result == split(found, order)


def alone(toolkit: str, number: int, *called: str) -> Trait:
    return Trait(toolkit, (f"{toolkit}{number}".encode(),), frozenset(called))


LONG = "Please move the weekly review with the design team to Thursday afternoon"


def test_openings_of_nearly_the_same_words_stay_together() -> None:
    other = "Cancel the flight to Lisbon that was booked for my colleague last night"
    near = LONG.replace("Please", "Kindly"), f"{LONG}, thanks!", LONG.replace("Thursday", "Friday")
    far = other, "Please move the red sofa out of the hall before the painters come in"
    openings = [LONG, *near, *far]
    found = split([trait(str(at), text) for at, text in enumerate(openings)], SplitOrder({"test": 0.3}))
    assert (found.groups, found.largest) == (3, 4)
    assert len(set(found.places[:4])) == 1


def test_short_openings_are_near_only_where_they_are_the_same() -> None:
    found = split(
        [trait("a", "Find the invoice"), trait("b", "Find the invoices")], SplitOrder({"test": 0.5})
    )
    assert found.groups == 2


def test_by_toolkit_each_gives_its_share() -> None:
    found = [
        alone(kit, at) for kit, count in (("gmail", 80), ("jira", 20), ("drive", 4)) for at in range(count)
    ]
    result = split(found, SplitOrder(TEST, "toolkit"))
    tested = [one.toolkit for one, place in zip(found, result.places, strict=True) if place == "test"]
    assert {kit: tested.count(kit) for kit in ("gmail", "jira", "drive")} == {
        "gmail": 20,
        "jira": 5,
        "drive": 1,
    }


def test_another_seed_draws_other_records() -> None:
    found = [alone("gmail", at) for at in range(100)]
    one, other = (split(found, SplitOrder(TEST, seed=seed)).places for seed in (1, 2))
    assert one != other


def test_records_that_call_held_out_tools_leave_train() -> None:
    found = [alone("gmail", at, f"tool_{at % 20}") for at in range(200)]
    result = split(found, SplitOrder(TEST, held_out_tools=3))
    assert len(result.held_out) == 3
    for one, place in zip(found, result.places, strict=True):
        assert not (one.called & result.held_out and place == "train")
    assert result.sizes["test"] == 50


def test_more_tools_than_can_be_held_out_are_refused() -> None:
    found = [alone("gmail", at, "search") for at in range(20)]
    with pytest.raises(ConfigError, match="only 0 tools can be held out"):
        split(found, SplitOrder(TEST, held_out_tools=1))


@pytest.mark.parametrize(
    "asked", ["test", "test=1", "test=0", "train=0.1", "=0.1", "test=x", "test=nan", "a/b=0.1"]
)
def test_a_split_that_makes_no_sense_is_refused(asked: str) -> None:
    with pytest.raises(ConfigError, match="--split"):
        shares_of([asked])
    with pytest.raises(ConfigError, match="nothing for train"):
        shares_of(["a=0.5", "b=0.5"])
