"""Arguments of calls come from somewhere, and where from is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import conversations

from funcdex.types.conversation import JsonValue
from funcdex.verify.given import Given
from funcdex.verify.grounding import groundings
from funcdex.verify.verify import verify
from verify.talks import Made, talk, tool, turn

DO = tool("DO")


def reasons(user: str, arguments: dict[str, JsonValue], known: Given | None = None) -> list[str]:
    made = talk(turn(user, ("DO", arguments, {}), "Done."))
    return [fault.reason for fault in verify(made, [DO], known or Given())]


GROUNDED: list[tuple[str, dict[str, JsonValue]]] = [
    ("Bill Nordlicht 1,200 dollars", {"amount": 1200}),
    ("Bill Nordlicht $1,200.50", {"amount": 120050}),
    ("It costs 1.200,50 €", {"price": 1200.5}),
    ("Two tickets, please", {"quantity": 2}),
    ("Three seats at 45 euros each", {"amount": 135}),
    ("Give them 15% off", {"discount": 0.15}),
    ("It takes two and a half hours. 150 minutes that is", {"duration_minutes": 150}),
    ("Block 2 hours", {"duration_minutes": 120}),
    ("From 9:00 to 11:00", {"duration_minutes": 120}),
    ("Pay within two weeks", {"days_until_due": 14}),
    ("A trial of a month", {"trial_period_days": 30}),
    ("On 3 March 2026 at 2:30 pm", {"start": "2026-03-03T14:30:00"}),
    ("On March 3rd at half past two", {"start": "2026-03-03T14:30:00Z"}),
    ("am 3. März 2026 um 14:30", {"start": "2026-03-03T14:30"}),
    ("on 03/04/2026", {"due_date": "2026-04-03"}),
    ("March 3-5, 2026", {"due_date": "2026-03-05"}),
    ("what is on 2026-03-03", {"timeMin": "2026-03-03T00:00:00Z", "timeMax": "2026-03-04T00:00:00Z"}),
    ("everything in March 2026", {"after": "2026-03-01", "before": "2026-04-01"}),
    ("created since 1 January 2026", {"created": {"gte": 1767225600}}),
    ("Write to Ana.Silva@Harbor.com", {"to": ["ana.silva@harbor.com"]}),
    ("Text +44 7700 900-123", {"to": "447700900123"}),
    ("Call 0171 2345678", {"phone": "+49 171 2345678"}),
    ("Look at https://www.harbor.com/a/b/", {"url": "http://harbor.com/a/b"}),
    ("José Núñez asks", {"customer_name": "Jose Nunez"}),
    ("Assign it to O\u2019Brien", {"assignee": "O'Brien"}),
    ("Close OPS-42 and OPS-43", {"keys": "OPS-42, OPS-43"}),
    ("Put it under invoices", {"name": "Invoice folder"}),
    ("Any open ones?", {"limit": 50, "page": 3, "status": "open", "calendarId": "primary", "flag": True}),
    (
        "Tell Ana that we are late",
        {"body": "Hello Ana, we are sorry: we need 20 minutes more. 1. Wait 2. See"},
    ),
]


@pytest.mark.parametrize(("user", "arguments"), GROUNDED)
def test_what_was_said_in_any_form_grounds(user: str, arguments: dict[str, JsonValue]) -> None:
    assert reasons(user, arguments) == []


INVENTED: list[tuple[str, dict[str, JsonValue]]] = [
    ("Bill Nordlicht 1,200 dollars", {"amount": 1300}),
    ("Two tickets, please", {"quantity": 5}),
    ("On 3 March 2026 at 2:30 pm", {"start": "2026-03-04T14:30:00"}),
    ("On 3 March 2026 at 2:30 pm", {"start": "2026-03-03T17:10:00"}),
    ("Write to Ana", {"to": ["ana.silva@harbor.com"]}),
    ("Close the ticket", {"issue_id": "OPS-42"}),
    ("Call them", {"phone": "+49 171 2345678"}),
    ("Add a customer", {"customer_name": "Daniel Brooks"}),
    ("Tell Ana that we are late", {"body": "Dear Ana, see invoice INV-20391 over $4,310."}),
    ("Look at the page", {"url": "https://harbor.com/a/b"}),
    ("Pay within two weeks", {"days_until_due": 30}),
]


@pytest.mark.parametrize(("user", "arguments"), INVENTED)
def test_what_nobody_said_is_told(user: str, arguments: dict[str, JsonValue]) -> None:
    assert set(reasons(user, arguments)) == {"ungrounded_argument"}


def test_a_response_grounds_later_calls_and_not_its_own() -> None:
    find: Made = ("FIND", {}, {"id": "cus_81hd7Ka2"})
    use: Made = ("USE", {"customer": "cus_81hd7Ka2"}, {})
    tools = [tool("FIND"), tool("USE")]
    assert verify(talk(turn("Find her", find, use, "Done.")), tools) == ()
    (fault,) = verify(talk(turn("Find her", use, find, "Done.")), tools)
    assert (fault.reason, fault.turn) == ("ungrounded_argument", 0)


def test_what_the_schema_offers_needs_no_ground() -> None:
    offering = tool(
        "DO",
        mode={"type": "string", "enum": ["A1B2C3D4"]},
        size={"type": "integer", "default": 640},
        box={"type": "string", "description": "Id of the box, or box_main77 for the main one."},
        only={"const": 99},
    )
    arguments: dict[str, JsonValue] = {"mode": "A1B2C3D4", "size": 640, "box": "box_main77", "only": 99}
    assert verify(talk(turn("Go", ("DO", arguments, {}), "Done.")), [offering]) == ()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("tomorrow", "2026-03-04"),
        ("next Friday", "2026-03-13"),
        ("in two weeks", "2026-03-17"),
        ("today", "2026-03-03"),
    ],
)
def test_relative_days_follow_from_a_day_that_is_known(said: str, meant: str) -> None:
    known = Given(today=date(2026, 3, 3))
    assert reasons(f"Do it {said}", {"due_date": meant}, known) == []
    assert reasons("Do it tomorrow", {"due_date": "2026-03-21"}, known) == ["ungrounded_argument"]
    assert reasons("Do it tomorrow", {"due_date": "2026-03-21"}) == []


def test_the_day_may_stand_in_the_system_prompt() -> None:
    known = Given(system="You are helpful. Today is Tuesday, 3 March 2026.")
    assert reasons("Do it tomorrow", {"due_date": "2026-03-04"}, known) == []
    assert reasons("Do it tomorrow", {"due_date": "2026-03-09"}, known) == ["ungrounded_argument"]


def test_a_grounding_tells_where_a_value_was_said() -> None:
    conversation = talk(
        turn("Find Ana", ("FIND", {"query": "Ana"}, {"data": [{"gid": "cus_81hd7Ka2"}]}), "There."),
        turn("Use it", ("USE", {"customer": "cus_81hd7Ka2", "memo_id": "x99911"}, {}), "Done."),
    )
    found = {one.path: one for one in groundings(conversation, [])}
    customer, invented = found["$.customer"], found["$.memo_id"]
    assert customer.turn == 1 and customer.call == 1 and customer.place is not None
    place = customer.place
    assert (place.kind, place.turn, place.number, place.path) == ("response", 0, 1, "$.data[0].gid")
    assert (place.start, place.end) == (0, 12)
    assert invented.place is None


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    arguments=st.dictionaries(st.text(max_size=8), JSON, max_size=4),
    response=JSON,
    words=st.text(max_size=40),
)
def test_no_json_and_no_text_makes_it_crash(arguments: dict[str, Any], response: Any, words: str) -> None:
    said = words.strip() or "Go"
    conversation = talk(
        turn(said, ("DO", arguments, response), said), turn(said, ("DO", arguments, response), said)
    )
    verify(conversation, [DO], Given(persona=said, scenario=said, language="en"))


@given(conversations(thoughts=False, max_turns=2))
def test_any_conversation_is_verified(conversation: Any) -> None:
    verify(conversation, None, Given(language="de"))
