"""Bundles from specs, and the tools a conversation sees."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import ConfigError
from funcdex.toolkits.select import choose_shown, make_bundles, parse_toolkit_spec, sample_tools
from funcdex.types.tools import Bundle, Tool, Toolkit


def toolkit(name: str, *tools: str) -> Toolkit:
    return Toolkit(name, "", tuple(Tool(name, tool, "") for tool in tools or ("GET",)))


GMAIL, DRIVE, JIRA = toolkit("gmail"), toolkit("googledrive"), toolkit("jira")
ALL = (GMAIL, DRIVE, JIRA)


def test_a_spec_names_one_or_several_toolkits() -> None:
    assert parse_toolkit_spec("gmail") == ("gmail",)
    assert parse_toolkit_spec(" googledrive + gmail ") == ("googledrive", "gmail")


@pytest.mark.parametrize("spec", ["", "+", "gmail+", "gmail++jira", "gmail+gmail"])
def test_a_spec_without_sense_is_refused(spec: str) -> None:
    with pytest.raises(ConfigError):
        parse_toolkit_spec(spec)


def test_bundles_come_in_the_order_of_the_specs() -> None:
    bundles = make_bundles(["jira", "googledrive+gmail"], ALL)
    assert [bundle.name for bundle in bundles] == ["jira", "googledrive+gmail"]


def test_without_specs_every_toolkit_stands_alone() -> None:
    assert [bundle.toolkits for bundle in make_bundles([], ALL)] == [(GMAIL,), (DRIVE,), (JIRA,)]


def test_the_same_toolkits_in_another_order_are_the_same_bundle() -> None:
    bundles = make_bundles(["gmail+jira", "jira+gmail", "jira", "gmail+jira"], ALL)
    assert [bundle.name for bundle in bundles] == ["gmail+jira", "jira"]


@pytest.mark.parametrize(
    ("wrong", "near"), [("googledrve", "googledrive"), ("Gmail", "gmail"), ("jria", "jira")]
)
def test_an_unknown_toolkit_is_refused_with_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_bundles(["jira", f"gmail+{wrong}" if near != "gmail" else wrong], ALL)
    assert repr(wrong) in caught.value.what and f"Did you mean {near!r}?" in caught.value.fix


def test_a_name_like_none_is_answered_with_the_list() -> None:
    with pytest.raises(ConfigError, match="Toolkits are gmail, googledrive, jira"):
        make_bundles(["zzz"], ALL)


def test_no_toolkits_make_no_bundle() -> None:
    with pytest.raises(ConfigError, match="no toolkits"):
        make_bundles([], [])


BUNDLE = Bundle((toolkit("a", "A1", "A2", "A3", "GET"), toolkit("b", "B1", "B2", "GET")))
EVERY = [tool.name for tool in BUNDLE.tools]


def shown(needed: list[str], distractors: int = 2, max_tools: int = 5, seed: int = 0) -> list[str]:
    return [
        tool.name for tool in choose_shown(BUNDLE.tools, needed, distractors, max_tools, random.Random(seed))
    ]


def test_needed_tools_are_shown_among_others() -> None:
    names = shown(["A2", "B1"])
    assert len(names) == 4 and {"A2", "B1"} < set(names)


def test_names_shared_by_toolkits_go_by_their_prefixed_form() -> None:
    assert shown(["a_GET", "b_GET"], distractors=0) in (["a_GET", "b_GET"], ["b_GET", "a_GET"])


def test_names_that_the_bundle_has_not_are_passed_over() -> None:
    assert shown(["GONE", "A1", "A1"], distractors=0) == ["A1"]


def test_the_first_needed_tools_stay_when_there_are_too_many() -> None:
    assert set(shown(["A3", "A2", "A1"], max_tools=2)) == {"A3", "A2"}


def test_every_order_occurs() -> None:
    assert len({tuple(shown(["A1", "A2"], 0, seed=seed)) for seed in range(20)}) == 2


def test_a_bundle_that_is_small_enough_is_sampled_whole() -> None:
    assert sample_tools(BUNDLE.tools, len(EVERY), random.Random(0)) == BUNDLE.tools


def test_a_sample_is_fair_to_the_toolkits_and_keeps_their_order() -> None:
    for seed in range(20):
        names = [tool.name for tool in sample_tools(BUNDLE.tools, 4, random.Random(seed))]
        assert len(names) == 4 and names == [name for name in EVERY if name in names]
        assert sum(name.lower().startswith("b") for name in names) == 2


@given(
    st.lists(st.sampled_from([*EVERY, "GONE"])), st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**32)
)
def test_what_is_shown_keeps_its_bounds(needed: list[str], distractors: int, most: int, seed: int) -> None:
    names = shown(needed, distractors, most, seed)
    known = set(needed) - {"GONE"}
    assert 1 <= len(names) <= max(most, 1)
    assert len(set(names)) == len(names) and set(names) <= set(EVERY)
    assert known <= set(names) or len(known) > most
    assert len(set(names) - known) <= max(distractors, 0 if known else 1)
    assert names == shown(needed, distractors, most, seed)
