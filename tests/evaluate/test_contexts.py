"""Which places of a conversation are asked for, and what is expected there."""

from __future__ import annotations

from typing import Any

import pytest

from evaluate.talks import calls, response, says, talk, user
from funcdex.export.contexts import contexts_of
from funcdex.export.sample import sample_of

FAILED = {"error": {"code": 404, "message": "No such letter."}}


def places(record: dict[str, Any]) -> list[tuple[int, str, int, bool]]:
    found = contexts_of(sample_of(record, "one"))
    return [(one.at, one.sort, one.turn, one.after_error) for one in found]


def test_every_message_with_calls_is_one_and_words_are_none() -> None:
    record = talk(
        "a",
        user("Write."),
        calls(("SEND", {"to": "Ada"})),
        response({"id": 7}),
        calls(("TRACK", {"id": 7})),
        response({}),
        says("Done."),
        user("Thanks."),
        says("Welcome."),
        kind="multi_step",
    )
    assert places(record) == [(1, "call", 1, False), (3, "call", 1, False)]


def test_after_an_error_both_calling_again_and_telling_are_asked_for() -> None:
    record = talk(
        "a",
        user("Where is it?"),
        calls(("TRACK", {"id": 1})),
        response(FAILED),
        calls(("TRACK", {"id": 2})),
        response(FAILED),
        says("It cannot be found."),
        kind="tool_error",
    )
    assert places(record) == [(1, "call", 1, False), (3, "call", 1, True), (5, "report", 1, True)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("missing_parameter", [(1, "abstain", 1, False), (3, "call", 2, False)]),
        ("ambiguous_request", [(1, "abstain", 1, False), (3, "call", 2, False)]),
        ("happy_path", [(3, "call", 2, False)]),
        ("", [(3, "call", 2, False)]),
    ],
)
def test_a_question_is_expected_where_the_kind_asks_first(kind: str, expected: list[Any]) -> None:
    record = talk(
        "a",
        user("Write."),
        says("To whom?"),
        user("To Ada."),
        calls(("SEND", {"to": "Ada"})),
        response({}),
        says("Done."),
        kind=kind,
    )
    assert places(record) == expected


@pytest.mark.parametrize("kind", ["missing_tool", "irrelevant_request", ""])
def test_nothing_is_expected_where_nothing_can_be_called(kind: str) -> None:
    record = talk("a", user("Sing."), says("I cannot."), user("Why?"), says("No tool."), kind=kind)
    assert places(record) == [(1, "abstain", 1, False), (3, "abstain", 2, False)]


def test_what_is_not_to_be_learnt_is_not_to_be_expected() -> None:
    messages = [user("Write."), calls(("SEND", {"to": "Ada"})), response({}), says("Done.")]
    record = talk("a", *messages, loss_mask=[False, False, False, True])
    assert places(record) == []


def test_a_conversation_without_tools_asks_nothing() -> None:
    assert places(talk("a", user("Hello."), says("Hello.")) | {"tools": []}) == []
