"""The grammar of a single message is that of a conversation, cut behind its calls."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import conversations, exchanges_of, tools

from funcdex.dml.writer import write
from funcdex.grammar.message import message_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.stages.turns.talk import Talk
from funcdex.types.conversation import AssistantMessage, Conversation, Step, Turn
from funcdex.types.tools import Tool
from grammar.grammar_matchers import all_accept, all_refuse, assume_within_bounds

quick = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
A = Tool("mail", "A", "", {"type": "object", "properties": {}}, {"const": {}})
CALL = '<tool>{"name": "A", "arguments": {}}</tool>'


def grammar_of(*shown: Tool, thoughts: bool = False, parallel_calls: bool = False) -> TreeGrammar:
    return message_grammar(shown, thoughts=thoughts, parallel_calls=parallel_calls, level="schema")


def pieces_of(message: AssistantMessage) -> list[str | Step]:
    """What the model writes of a message, and the steps that are answered in between."""
    pieces: list[str | Step] = []
    thought = f"<assistant_thought>{message.thought}</assistant_thought>\n" if message.thought else ""
    head = f"{thought}</assistant>\n{message.text}".removesuffix("\n")
    if not message.steps:
        return [head]
    for step in message.steps:
        one = Conversation((Turn("x", (AssistantMessage("", (step,)), AssistantMessage("y"))),))
        lines = write(one).split("\n</assistant>\n")[1].split("<tool_response>")[0].rstrip("\n")
        pieces += [f"{head}\n{lines}", step]
        head = "</assistant>"
    return pieces


@quick
@given(data=st.data(), parallel=st.booleans(), thoughts=st.booleans())
def test_a_conversation_is_made_of_such_messages(data: st.DataObject, parallel: bool, thoughts: bool) -> None:
    shown = data.draw(tools())
    made = conversations(thoughts=thoughts, parallel=parallel, exchanges=exchanges_of(shown), max_turns=2)
    conversation = data.draw(made)
    written = write(conversation)
    assume_within_bounds(written)
    assume("<" not in "".join(m.text + (m.thought or "") for t in conversation.turns for m in t.messages))
    assume("&" not in written)
    assume(all(len(message.steps) < 2 or not thoughts for t in conversation.turns for message in t.messages))
    grammar, talk = grammar_of(*shown, thoughts=thoughts, parallel_calls=parallel), Talk()
    for turn in conversation.turns:
        talk.user_says(turn.user)
        for message in turn.messages:
            for piece in pieces_of(message):
                if isinstance(piece, Step):
                    talk.tools_answer(piece.responses)
                else:
                    assert all_accept(grammar, piece)
                    talk.assistant_says(piece)
    assert talk.whole_turns() == conversation.turns
    assert talk.turns == len(conversation.turns)


@pytest.mark.parametrize(
    "text",
    [
        "</assistant>\nIt is done.",
        f"</assistant>\nLet me look.\n{CALL}",
        f"</assistant>\n{CALL}",
    ],
)
def test_a_message_speaks_or_calls(text: str) -> None:
    assert all_accept(grammar_of(A), text)


@pytest.mark.parametrize(
    "text",
    [
        "</assistant>\n",
        f"</assistant>\n{CALL}\nDone.",
        f"</assistant>\n{CALL}\n<tool_response>{{}}</tool_response>",
        f"</assistant>\n{CALL}\n{CALL}",
        "</assistant>\nHello.\n</user>\nHi",
        "It is done.",
    ],
)
def test_nothing_stands_behind_words_or_a_call(text: str) -> None:
    assert all_refuse(grammar_of(A), text)


def test_three_calls_may_stand_together_and_no_more() -> None:
    grammar = grammar_of(A, parallel_calls=True)
    assert all_accept(grammar, "</assistant>\n" + "\n".join([CALL] * 3))
    assert all_refuse(grammar, "</assistant>\n" + "\n".join([CALL] * 4))


def test_without_tools_a_message_only_speaks() -> None:
    assert all_accept(grammar_of(), "</assistant>\nI cannot do that.")
    assert all_refuse(grammar_of(), f"</assistant>\n{CALL}")
