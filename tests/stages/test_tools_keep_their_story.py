"""What simulated tools said of a thing stays so until a call changes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from funcdex.stages.turns.world import MOST_THINGS, World, may_change, things_in
from funcdex.types.conversation import ToolCall

GET, UPDATE = ToolCall("GET_ORDER", {"id": "o1"}), ToolCall("UPDATE_ORDER", {"id": "o1", "state": "sent"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("id"), inner),
)


def test_another_value_of_the_same_field_is_a_contradiction() -> None:
    world = World()
    world.take(GET, {"order": {"id": "o1", "state": "open", "total": 12}})
    assert world.contradictions(GET, {"id": "o1", "state": "open"}) == []
    assert world.contradictions(GET, {"id": "o1", "total": 13}) == ["o1 total: 13, was 12"]
    assert world.contradictions(GET, {"id": "o2", "total": 13}) == []


def test_a_call_may_change_what_it_names() -> None:
    world = World()
    world.take(GET, {"id": "o1", "state": "open"})
    assert world.contradictions(UPDATE, {"id": "o1", "state": "sent"}) == []
    world.take(UPDATE, {"ok": True})
    assert world.contradictions(GET, {"id": "o1", "state": "open"}) == ["o1 state: 'open', was 'sent'"]


def test_errors_say_nothing_of_things() -> None:
    world = World()
    world.take(GET, {"error": {"id": "o1", "code": 404}})
    assert not world.things


def test_an_id_is_a_field_called_so() -> None:
    found = dict(things_in({"messageId": "m1", "subject": "Hi", "thread": {"id": 4, "open": True}}))
    assert found == {"m1": {"messageId": "m1", "subject": "Hi"}, "4": {"id": 4, "open": True}}


def test_what_a_name_says_of_a_call() -> None:
    assert not may_change("GMAIL_FETCH_EMAILS")
    assert not may_change("searchFlights")
    assert may_change("cancelBooking")
    assert may_change("ADD_TO_LIST") and may_change("updateList") and may_change("BOARD_LIST_CREATE")
    assert may_change("mark_as_read") and may_change("checkInGuest") and may_change("approve_view")
    assert not may_change("LIST_UPDATE_REQUESTS") and not may_change("boards_lists_list")


@given(st.lists(JSON))
def test_any_response_is_taken_and_memory_is_bounded(responses: list[object]) -> None:
    world = World()
    for response in responses:
        world.contradictions(GET, response)
        world.take(UPDATE, response)
    assert len(world.things) <= MOST_THINGS
