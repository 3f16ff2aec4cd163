"""Conversations whose beginning is given: what the user says first, perhaps after whole turns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import conversations, exchanges_of, texts, tools

from funcdex.dml.checks import Rules, check
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.errors import GrammarError
from funcdex.types.conversation import AssistantMessage, Conversation, Step, ToolCall, Turn
from funcdex.types.tools import Tool
from grammar.grammar_matchers import all_accept, all_refuse, grammar_of

quick = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))

A, B = (Tool("mail", name, "", {"type": "object", "properties": {}}, {"const": {}}) for name in "AB")
HELLO = (AssistantMessage("Hello."),)


@quick
@given(opening=texts().filter(lambda text: "\x00" not in text), other=texts(), thoughts=st.booleans())
def test_the_user_says_exactly_what_is_given(opening: str, other: str, thoughts: bool) -> None:
    grammar = grammar_of(A, opening=opening, thoughts=thoughts)
    answer = (AssistantMessage("Hello.", thought="Hm." if thoughts else None),)
    rules = Rules(thoughts, False, 1, 3, opening=opening)
    for user in (opening, other):
        conversation = Conversation((Turn(user, answer), Turn("Bye", answer)))
        is_right = user == opening
        assert (all_accept if is_right else all_refuse)(grammar, write(conversation))
        assert (not check(conversation, rules)) == is_right


@quick
@given(data=st.data(), parallel=st.booleans(), thoughts=st.booleans())
def test_turns_that_are_given_stand_as_they_are(data: st.DataObject, parallel: bool, thoughts: bool) -> None:
    shown = data.draw(tools())
    made = conversations(thoughts=thoughts, parallel=parallel, exchanges=exchanges_of(shown), max_turns=3)
    before = data.draw(made).turns
    opening = data.draw(texts())
    given_text = write(Conversation((*before, Turn(opening, HELLO))))
    # U+0000 is refused; for a backslash in a long literal xgrammar 0.2.8 masks and accepts different words.
    assume(not {"\x00", "\\"} & set(given_text))
    grammar = grammar_of(
        *shown, parallel_calls=parallel, thoughts=thoughts, before=before, opening=opening, turns=(1, 5)
    )
    answer = (AssistantMessage("Hello.", thought="Hm." if thoughts else None),)
    turns = (*before, Turn(opening, answer), Turn("Bye", answer))
    assert all_accept(grammar, write(Conversation(turns)))
    changed = replace(before[0], user=f"{before[0].user}!")
    assert all_refuse(grammar, write(Conversation((changed, *turns[1:]))))
    assert all_refuse(grammar, write(Conversation(before)))


def test_turns_that_are_given_count() -> None:
    begun = Turn("Hi", HELLO)
    grammar = grammar_of(A, before=[begun], opening="More", turns=(3, 3))
    more = Turn("More", HELLO)
    assert all_accept(grammar, write(Conversation((begun, more, begun))))
    assert all_refuse(grammar, write(Conversation((begun, more))))
    assert all_refuse(grammar, write(Conversation((begun, more, begun, begun))))
    with pytest.raises(GrammarError, match="the number of user messages is 3; at most 2"):
        grammar_of(A, before=[begun] * 3, opening="More", turns=(3, 3))


def test_what_was_called_before_is_no_longer_owed() -> None:
    begun = calling("A")
    grammar = grammar_of(A, B, before=[begun], opening="More", must_call=["A", "B"], turns=(1, 3))
    assert all_accept(grammar, write(Conversation((begun, replace(calling("B"), user="More")))))
    assert all_refuse(grammar, write(Conversation((begun, replace(calling("A"), user="More")))))
    both = replace(calling("A", "B"), user="Before")
    free = grammar_of(A, B, before=[both], opening="More", must_call=["A", "B"], turns=(1, 3))
    assert all_accept(free, write(Conversation((both, Turn("More", HELLO)))))


def test_an_opening_goes_together_with_what_is_owed() -> None:
    grammar = grammar_of(A, B, opening="Go", must_call=["B"], turns=(1, 2))
    assert all_accept(grammar, write(Conversation((Turn("Go", HELLO), calling("B")))))
    assert all_refuse(grammar, write(Conversation((replace(calling("B"), user="Went"),))))
    assert all_refuse(grammar, write(Conversation((Turn("Go", HELLO), calling("A")))))


def test_an_opening_may_hold_what_no_text_of_a_model_may() -> None:
    opening = "One\n\n\n\ntwo <<<< </tool> ::= \x7f \t&lt; é😀"
    written = write(Conversation((Turn(opening, HELLO),)))
    assert all_accept(grammar_of(opening=opening), written)
    assert parse(written).turns[0].user == opening
    assert "::=" not in grammar_of(opening=opening).render("lark")


@pytest.mark.parametrize("opening", ["", " ", " Hi", "Hi\n", "\ud83d", "\x00"])
def test_what_is_no_user_message_is_refused(opening: str) -> None:
    with pytest.raises(GrammarError, match="opening of a conversation"):
        grammar_of(A, opening=opening)


def test_turns_of_another_kind_are_refused() -> None:
    thoughtful = Turn("Hi", (AssistantMessage("Hello.", thought="Hm."),))
    with pytest.raises(GrammarError, match="has a thought before it.*before, turn 2"):
        grammar_of(A, before=[Turn("Hi", HELLO), thoughtful], opening="More")
    with pytest.raises(GrammarError, match="no tool was to be called"):
        grammar_of(A, before=[calling("A")], opening="More", calls="none")
    with pytest.raises(GrammarError, match="before without opening"):
        grammar_of(A, before=[calling("A")])


def calling(*names: str) -> Turn:
    """A turn that calls these tools one by one."""
    steps = tuple(Step((ToolCall(name, {}),), ({},)) for name in names)
    return Turn("Do it", (AssistantMessage("", steps), AssistantMessage("Done.")))
