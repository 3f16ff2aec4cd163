"""Statements, errors, placeholders, files, circles, language and roles: each has its reason, in its turn."""

from __future__ import annotations

import base64

import pytest

from funcdex.settings.verify import VerifySettings
from funcdex.types.conversation import Conversation, JsonValue
from funcdex.verify.given import Given
from funcdex.verify.roles import system_prompt_faults
from funcdex.verify.verify import verify
from verify.talks import talk, tool, turn

PERSONA = (
    "Rita Vogel runs a small dental clinic in Graz with forty people and is always late for the next "
    "appointment."
)
KNOWN = Given(persona=PERSONA, language="en")
GET = tool("GET")


def found(conversation: Conversation, **checks: bool) -> list[tuple[str, int | None]]:
    faults = verify(conversation, [GET], KNOWN, VerifySettings(**checks), error_responses=True)
    return [(fault.reason, fault.turn) for fault in faults]


def answered(response: JsonValue, words: str) -> Conversation:
    return talk(turn("Hello there", "Hi."), turn("What is there?", ("GET", {}, response), words))


ORDER = {
    "id": "ord_88aZ71",
    "total": 125_000,
    "date": "2026-03-03",
    "items": [{"price": 40_000}, {"price": 85_000}],
}


@pytest.mark.parametrize(
    "words",
    [
        "Order ord_88aZ71 of March 3 comes to $1,250.00.",
        "There are two items, $400.00 and $850.00, together $1,250.",
        "The difference of the two is $450.",
        "Would $99.99 do?",
        "It takes about 45 days and 300 steps.",
    ],
)
def test_what_follows_from_a_response_may_be_said(words: str) -> None:
    assert found(answered(ORDER, words)) == []


@pytest.mark.parametrize(
    "words",
    [
        "It comes to $1,520.00.",
        "The order is ord_88aZ72.",
        "It was made on March 8.",
        "I found 17 open orders.",
        "Write to sales@shop.org.",
    ],
)
def test_what_no_response_has_contradicts_it(words: str) -> None:
    assert found(answered(ORDER, words)) == [("contradicts_response", 1)]


def test_an_error_has_to_be_owned_up_to() -> None:
    error = {"error": {"code": 404, "message": "No such order."}}
    assert found(answered(error, "All done, it is in place.")) == [("ignored_error", 1)]
    assert found(answered(error, "That order does not exist, I am afraid.")) == []


@pytest.mark.parametrize(
    "text",
    [
        "[insert date]",
        "<base64-encoded-content>",
        "<name here>",
        "[Your Name]",
        "TODO",
        "TBD",
        "string",
        "lorem ipsum dolor",
        "your_api_key",
        "John Doe",
        "foo/bar",
        "xxxxxx",
        "123e4567-e89b-12d3-a456-426614174000",
        "+1 123-456-7890",
    ],
)
def test_a_placeholder_is_told_wherever_it_stands(text: str) -> None:
    assert ("placeholder", 1) in found(answered({"note": text}, "Here you are."), grounding=False)


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hello <b>you</b></p>",
        "Add it to my todo list",
        "card XXXX-XXXX-XXXX-4242",
        "[1] and [x]",
        "John Dowland",
        "size XXL",
        "null hypothesis",
    ],
)
def test_what_only_looks_like_a_placeholder_passes(text: str) -> None:
    assert found(answered({"note": text}, "Here you are.")) == []


def test_example_domains_are_allowed_by_a_setting() -> None:
    conversation = talk(turn("Write to ana@example.com", "Gladly."))
    assert found(conversation) == [("placeholder", 0)]
    assert found(conversation, allow_example_domains=True) == []


FILE = {"type": "string", "contentEncoding": "base64"}
UPLOAD = tool("UPLOAD", data=FILE, size={"type": "integer"})


def upload(data: str, size: int) -> list[str]:
    conversation = talk(turn("Keep it", ("UPLOAD", {"data": data, "size": size}, {}), "Kept."))
    return [fault.reason for fault in verify(conversation, [UPLOAD], checks=VerifySettings(grounding=False))]


def test_a_file_is_real_and_of_the_size_that_is_told() -> None:
    data = base64.b64encode(b"Minutes of the meeting").decode()
    assert upload(data, 22) == []
    assert upload(data, 400) == ["wrong_file_size"]
    assert upload("not base64!", 11) == ["fake_file_content"]
    assert "fake_file_content" in upload("<base64 content>", 5)
    assert upload(base64.b64encode(b"placeholder").decode(), 11) == ["fake_file_content"]


def test_three_equal_calls_with_equal_responses_are_a_circle() -> None:
    def calls(*responses: int) -> Conversation:
        return talk(turn("Is it done yet?", *(("GET", {}, {"state": one}) for one in responses), "It is."))

    assert found(calls(1, 1, 1)) == [("repeats_itself", 0)]
    assert found(calls(1, 1, 2)) == []


def test_a_user_does_not_say_the_same_twice_and_nobody_goes_round() -> None:
    again = turn("Please look at the list of orders", "I did.")
    assert found(talk(again, again)) == [("repeats_itself", 1)]
    assert found(talk(turn("Yes, please", "Done."), turn("Yes, please", "Done too."))) == []
    circle = "I have updated the whole list for you. " * 3
    assert found(talk(turn("Go", circle.strip()))) == [("repeats_itself", 0)]


def test_another_language_is_told_and_short_words_pass() -> None:
    german = "Ich habe das für dich erledigt und du kannst es jetzt in der Liste ansehen."
    assert found(talk(turn("Go on", german))) == [("wrong_language", 0)]
    assert verify(talk(turn("Mach bitte weiter mit der Liste", german)), None, Given(language="de")) == ()
    assert found(talk(turn("Merci beaucoup", "De rien."))) == []
    assert found(
        talk(turn("Go on", "好的，我已经帮您处理好了，现在您可以在列表中查看结果，请随时告诉我。"))
    ) == [("wrong_language", 0)]


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        (talk(turn("The user asks for the list.", "Here.")), "persona_leak"),
        (talk(turn("Go", f"I know that {PERSONA}")), "persona_leak"),
        (talk(turn("Go", "As an AI language model, I cannot do that.")), "refusal"),
        (talk(turn("Go", "I'm sorry, but I can't assist with that.")), "refusal"),
        (talk(turn("Go", "In this simulated conversation it was sent.")), "simulation_mentioned"),
        (talk(turn("Go", "As per the scenario I sent it.")), "simulation_mentioned"),
    ],
)
def test_everybody_stays_in_their_role(conversation: Conversation, reason: str) -> None:
    assert [fault[0] for fault in found(conversation)] == [reason]


@pytest.mark.parametrize("before", range(13))
def test_twelve_words_of_the_persona_are_a_quotation_wherever_they_stand(before: int) -> None:
    words = PERSONA.split()
    for first in range(len(words) - 11):
        for length in (11, 12):
            said = " ".join(["well", *["so"] * before, *words[first : first + length], "indeed"])
            assert found(talk(turn("Go", said))) == ([("persona_leak", 0)] if length == 12 else [])


def test_a_kind_may_call_for_an_assistant_that_declines() -> None:
    conversation = talk(turn("Go", "I'm sorry, but I can't assist with that."))
    assert verify(conversation, None, Given(refusals=True)) == ()


def test_a_system_prompt_does_not_quote_the_persona() -> None:
    assert [fault.reason for fault in system_prompt_faults(f"You help. {PERSONA}", KNOWN)] == ["persona_leak"]
    assert list(system_prompt_faults("You help the people of a clinic.", KNOWN)) == []


def test_each_check_can_be_switched_off() -> None:
    conversation = talk(
        turn("The user asks", ("GET", {"id": "zz99x88y"}, {"note": "TODO"}), "As an AI model I cannot.")
    )
    off = dict.fromkeys(
        ("grounding", "statements", "placeholders", "file_content", "repetition", "language", "roles"), False
    )
    assert found(conversation) and found(conversation, **off) == []
