"""Which toolkits are proposed to be used together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from funcdex.catalogue.bundles import Profile, as_wanted, profile_of, propose
from funcdex.toolkits.predecessor import wanted_specs
from funcdex.types.tools import JsonSchema, Tool, Toolkit


def schema(*names: str) -> JsonSchema:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def kit(name: str, takes: tuple[str, ...], gives: tuple[str, ...], tool: str = "") -> Toolkit:
    response = {"type": "object", "properties": {"data": {"type": "array", "items": schema(*gives)}}}
    return Toolkit(name, "", (Tool(name, tool or name.upper(), "", schema(*takes), response),))


CALENDAR = kit("calendar", ("start_time",), ("id", "attendeeEmail", "status"))
MAIL = kit("mail", ("email", "status"), ("id", "thread_id"))
SHOP = kit("shop", ("sku", "limit"), ("id", "price"))


def test_what_one_answers_and_the_other_asks_for_joins_them() -> None:
    (found,) = propose([profile_of(one) for one in (CALENDAR, MAIL, SHOP)])
    assert (found.toolkits, found.things) == (("calendar", "mail"), ("email",)) and found.score > 0


def test_ids_states_and_pages_join_nothing() -> None:
    kits = (
        kit("a", ("id", "status", "page", "limit"), ("id", "total")),
        kit("b", ("id",), ("id", "status", "page")),
    )
    assert propose([profile_of(one) for one in kits]) == ()


def test_two_versions_of_one_application_are_not_joined() -> None:
    kits = (kit("git", ("repo",), ("repo",), "LIST"), kit("git_2", ("repo",), ("repo",), "LIST"))
    assert propose([profile_of(one) for one in kits]) == ()


def test_what_is_written_is_read_as_wanted_toolkits() -> None:
    found = propose([profile_of(one) for one in (CALENDAR, MAIL)])
    assert wanted_specs(as_wanted(["calendar", "mail"], found), "f") == ("calendar", "mail", "calendar+mail")


THINGS = st.dictionaries(st.sampled_from("abcdefgh"), st.just("word"), max_size=5)
PROFILES = st.lists(
    st.builds(Profile, st.uuids().map(str), THINGS, THINGS, st.frozensets(st.text(max_size=2), min_size=1)),
    max_size=8,
)


@given(PROFILES, st.integers(1, 5))
def test_no_toolkit_is_proposed_more_than_twice(profiles: list[Profile], most: int) -> None:
    found = propose(profiles, most)
    named = [name for one in found for name in one.toolkits]
    assert len(found) <= most and all(named.count(name) <= 2 for name in named)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
