"""Thoughts, parallel calls and the number of turns, as a run asks for them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import conversations

from funcdex.dml.checks import Rules, check
from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall, Turn

ONE = Step((ToolCall("A", {}),), ({},))
TWO = Step((ToolCall("A", {}), ToolCall("B", {})), ({}, {}))


def reasons(conversation: Conversation, rules: Rules) -> list[tuple[str, int | None]]:
    return [(fault.reason, fault.turn) for fault in check(conversation, rules)]


def test_every_broken_rule_is_named_with_its_turn() -> None:
    conversation = Conversation(
        (
            Turn("Hi", (AssistantMessage("Ho", (), "hm"),)),
            Turn("Go", (AssistantMessage("", (TWO, ONE, TWO)), AssistantMessage("Done", (), "so"))),
        )
    )
    strict = Rules(thoughts=True, parallel_calls=False, min_user_turns=3, max_user_turns=4)
    assert reasons(conversation, strict) == [
        ("missing_thought", 1),
        ("parallel_call", 1),
        ("parallel_call", 1),
        ("too_few_user_turns", None),
    ]
    loose = Rules(thoughts=False, parallel_calls=True, min_user_turns=1, max_user_turns=1)
    assert reasons(conversation, loose) == [
        ("unexpected_thought", 0),
        ("unexpected_thought", 1),
        ("too_many_user_turns", None),
    ]


def test_a_fault_says_in_a_sentence_what_is_wrong() -> None:
    conversation = Conversation((Turn("Go", (AssistantMessage("", (TWO,)), AssistantMessage("Done"))),))
    rules = Rules(thoughts=True, parallel_calls=False, min_user_turns=2, max_user_turns=2)
    assert [fault.detail for fault in check(conversation, rules)] == [
        "assistant message 1 of the turn has no thought before it",
        "assistant message 1 of the turn calls 2 tools at once; each call must wait for its response",
        "assistant message 2 of the turn has no thought before it",
        "the number of user messages is 1; at least 2 were asked for",
    ]


def test_calls_and_errors_that_are_missing_or_too_many_are_named() -> None:
    conversation = Conversation((Turn("Go", (AssistantMessage("", (TWO,)), AssistantMessage("Done"))),))
    assert reasons(conversation, plain(must_call=("B", "C", "A", "D"))) == [
        ("missing_call", None),
        ("missing_call", None),
    ]
    assert reasons(conversation, plain(calls="none")) == [("unexpected_call", 0)]
    assert reasons(conversation, plain(error_responses="required")) == [("missing_error_response", None)]
    for satisfied in (plain(calls="required"), plain(must_call=("A",)), plain(error_responses="allowed")):
        assert reasons(conversation, satisfied) == []
    talk = Conversation((Turn("Hi", (AssistantMessage("Ho"),)),))
    assert reasons(talk, plain(calls="none")) == []
    assert reasons(talk, plain(calls="required")) == [("missing_call", None)]
    failed = Step((ToolCall("A", {}),), ({"error": {"code": 500, "message": "Try later."}},))
    sorry = Conversation((Turn("Go", (AssistantMessage("", (ONE, failed)), AssistantMessage("Sorry"))),))
    assert reasons(sorry, plain(error_responses="required")) == []


def test_a_conversation_that_begins_otherwise_than_given_is_named() -> None:
    hi, more = Turn("Hi", (AssistantMessage("Ho"),)), Turn("More", (AssistantMessage("Ho"),))
    assert reasons(Conversation((hi, more)), plain(opening="Hi")) == []
    assert reasons(Conversation((hi, more)), plain(opening="More")) == [("other_opening", 0)]
    assert reasons(Conversation((hi, more)), plain(opening="More", before=(hi,))) == []
    assert reasons(Conversation((hi, more)), plain(opening="Less", before=(hi,))) == [("other_opening", 1)]
    assert reasons(Conversation((more, more)), plain(opening="More", before=(hi,))) == [
        ("other_opening", None)
    ]
    assert reasons(Conversation((hi,)), plain(opening="More", before=(hi,))) == [("other_opening", 1)]


def plain(**asked: Any) -> Rules:
    """Rules that ask for nothing else."""
    return Rules(thoughts=False, parallel_calls=True, min_user_turns=1, max_user_turns=2, **asked)


@settings(max_examples=40)
@given(st.booleans(), st.booleans(), st.data())
def test_a_conversation_made_by_the_rules_has_no_fault(
    thoughts: bool, parallel: bool, data: st.DataObject
) -> None:
    conversation = data.draw(conversations(thoughts=thoughts, parallel=parallel))
    turns = len(conversation.turns)
    rules = Rules(thoughts=thoughts, parallel_calls=parallel, min_user_turns=turns, max_user_turns=turns)
    assert check(conversation, rules) == ()
