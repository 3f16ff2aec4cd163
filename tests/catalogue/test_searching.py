"""What a search finds, and that any text may be searched for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.catalogue.reader import Catalogue, catalogue_of
from funcdex.catalogue.search import Filter
from funcdex.errors import CatalogueError
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Tool, Toolkit


def kit(name: str, *tools: tuple[str, str], description: str = "") -> Toolkit:
    return Toolkit(name, description, tuple(Tool(name, tool, text) for tool, text in tools))


@pytest.fixture(scope="module")
def shipped() -> Iterator[Catalogue]:
    with catalogue_of(read_toolkits([]).toolkits) as opened:
        yield opened


def test_a_tool_is_found_by_other_words_than_its_own(shipped: Catalogue) -> None:
    found = [hit.id for hit in shipped.search("remove a mail message", 3)]
    assert "gmail/DELETE_MESSAGE" in found or "gmail/TRASH_MESSAGE" in found


def test_what_is_named_as_asked_comes_before_what_only_speaks_of_it() -> None:
    toolkits = [
        kit("one", ("LOG", "Say that a message was sent. Messages that are sent are listed.")),
        kit("two", ("SEND_MESSAGE", "Write to somebody.")),
    ]
    with catalogue_of(toolkits) as opened:
        assert [hit.toolkit for hit in opened.search("send message")] == ["two", "one"]


def test_the_name_of_a_toolkit_counts() -> None:
    toolkits = [kit(name, ("SEND_MESSAGE", f"Send it with {name}.")) for name in ("aaa", "slack", "zzz")]
    with catalogue_of(toolkits) as opened:
        assert opened.search("send a slack message")[0].toolkit == "slack"


def test_a_name_of_two_words_is_found_written_as_one() -> None:
    with catalogue_of(
        [kit("googlecalendar", ("ADD", "Add.")), kit("google", ("ADD", "Add a thing."))]
    ) as opened:
        assert opened.search("add to google calendar")[0].toolkit == "googlecalendar"


def test_what_was_asked_by_name_stands_for_nothing_else() -> None:
    tools = (("CREATE_PHONE_NUMBER", "Buy a number."), ("CREATE_CALL", "Ring somebody."))
    with catalogue_of([kit("phone", *tools)]) as opened:
        assert opened.search("make a phone call")[0].tool == "CREATE_CALL"


def test_tools_that_are_the_same_come_once() -> None:
    toolkits = [kit(name, ("issues_create", "Create an issue.")) for name in ("github_ghes_3", "github")]
    with catalogue_of(toolkits) as opened:
        (hit,) = opened.search("create issue")
    assert (hit.toolkit, hit.also) == ("github", ("github_ghes_3/issues_create",))


def test_words_that_no_tool_has_do_not_hide_the_others(shipped: Catalogue) -> None:
    assert shipped.search("send an email to xyzzyplugh")[0].toolkit in ("gmail", "whatsapp")
    assert shipped.search("xyzzyplugh") == ()


def test_a_search_can_be_held_to_toolkit_verb_and_parameter(shipped: Catalogue) -> None:
    assert {hit.toolkit for hit in shipped.search("send", only=Filter(toolkit="jira"))} <= {"jira"}
    assert "gmail/SEND_MESSAGE" in [hit.id for hit in shipped.search("email", only=Filter(verb="post"))]
    for hit in shipped.search("event", 50, Filter(parameter="CALENDAR_ID")):
        properties = shipped.toolkit(hit.toolkit, [hit.tool]).tools[0].parameters["properties"]
        assert "calendar_id" in map(str.lower, properties)


def test_filters_alone_list_what_they_let_through(shipped: Catalogue) -> None:
    found = shipped.search("", 100, Filter(toolkit="gmail"))
    assert sorted(hit.tool for hit in found) == sorted(tool.name for tool in shipped.toolkit("gmail").tools)
    assert shipped.search("") == () and shipped.search("the of and") == ()


def test_a_toolkit_that_is_not_there_is_told_with_the_nearest(shipped: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="Did you mean 'gmail'"):
        shipped.search("send", only=Filter(toolkit="gmial"))
    with pytest.raises(CatalogueError, match="Did you mean 'SEND_MESSAGE'"):
        shipped.toolkit("gmail", ["SEND_MESAGE"])


HOSTILE = st.one_of(
    st.text(st.characters(codec=None), max_size=200),
    st.text("\"'*:^()-+{} ANDORNETname\0\\%_;", max_size=60),
    st.lists(
        st.sampled_from(
            ['"', "NEAR(", "name:", "AND", "OR", "NOT", "*", "^send", "send", "-", "col:", "');DROP"]
        ),
        max_size=30,
    ).map(" ".join),
)


@given(HOSTILE, HOSTILE, st.integers(1, 50))
def test_any_text_is_a_query(shipped: Catalogue, text: str, other: str, limit: int) -> None:
    assert len(shipped.search(text, limit)) <= limit
    for hit in shipped.search(text, limit, Filter(verb=other, parameter=other)):
        assert hit.score >= 0


def test_a_query_of_any_length_is_read_to_a_bound(shipped: Catalogue) -> None:
    assert shipped.search("send email " + "attachment " * 100_000)
    assert isinstance(shipped.search(" ".join(f"w{index}" for index in range(100_000))), tuple)


def test_a_catalogue_without_tools_finds_nothing() -> None:
    with catalogue_of([]) as opened:
        assert opened.search("send an email") == () and opened.listed() == ()
