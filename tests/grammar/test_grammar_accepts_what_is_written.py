"""Every conversation in canonical form is in the grammar of its tools, at every level."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import conversations, exchanges_of, json_objects, tools

from funcdex.dml.writer import write
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.level import Level
from funcdex.types.tools import Tool
from grammar.grammar_matchers import all_accept, assume_within_bounds, grammar_of

LEVELS: tuple[Level, ...] = get_args(Level)

quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def exchanges(some: tuple[Tool, ...]) -> st.SearchStrategy[tuple[ToolCall, JsonValue]]:
    """Calls of the tools; where nothing is known of a response it is an object."""
    return st.one_of([_exchanges_with(tool) for tool in some])


def _exchanges_with(tool: Tool) -> st.SearchStrategy[tuple[ToolCall, JsonValue]]:
    known = exchanges_of((tool,))
    return known if tool.response else st.tuples(known.map(lambda pair: pair[0]), json_objects())


@quick
@given(data=st.data(), thoughts=st.booleans(), parallel=st.booleans(), level=st.sampled_from(LEVELS))
def test_a_written_conversation_is_in_the_grammar_of_its_tools(
    data: st.DataObject, thoughts: bool, parallel: bool, level: Level
) -> None:
    some = data.draw(tools())
    calls = exchanges(some)
    conversation = data.draw(
        conversations(thoughts=thoughts, parallel=parallel, exchanges=calls, max_turns=2)
    )
    written = write(conversation)
    assume_within_bounds(written)
    grammar = grammar_of(*some, level=level, thoughts=thoughts, parallel_calls=parallel)
    assert all_accept(grammar, written)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "x < 5 and <b>bold",
        "<b> begins with one",
        "a << b, a <\n b",
        "one\n\ntwo\n<x>",
        "R&D &amp;lt; é 😀 \u2028 \x00",
        "- list\n    - indented by far",
        '{"name": "not a call"}',
    ],
)
def test_texts_of_every_kind_are_in_the_grammar(text: str) -> None:
    says = AssistantMessage(text, thought=text)
    written = write(Conversation((Turn(text, (says,)), Turn(text, (says,)))))
    assert all_accept(grammar_of(MAIL, thoughts=True), written)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_up_to_three_calls_run_in_parallel(count: int) -> None:
    step = Step((ToolCall("SEND", {"to": "a"}),) * count, ({"id": 1},) * count)
    written = write(conversation_with(step, step))
    assert all_accept(grammar_of(MAIL, parallel_calls=True), written)


def test_a_silent_message_may_call_after_a_thought() -> None:
    step = Step((ToolCall("SEND", {"to": "a"}),), ({"id": 1},))
    messages = (
        AssistantMessage("", (step,), thought="first"),
        AssistantMessage("", (step, step), thought="second"),
        AssistantMessage("Done.", thought="third"),
    )
    assert all_accept(grammar_of(MAIL, thoughts=True), write(Conversation((Turn("Go", messages),))))


def test_a_conversation_may_call_nothing_where_there_are_no_tools() -> None:
    conversation = Conversation((Turn("Hi", (AssistantMessage("Hello."),)),))
    assert all_accept(grammar_of(), write(conversation))


def test_a_tool_without_a_response_schema_answers_with_any_object() -> None:
    untold = replace(MAIL, response={})
    step = Step((ToolCall("SEND", {"to": "a"}),), ({"x": [None, {"y": 1e-07}], "": {}},))
    assert all_accept(grammar_of(untold), write(conversation_with(step)))


def conversation_with(*steps: Step) -> Conversation:
    """One turn that takes these steps."""
    return Conversation((Turn("Go", (AssistantMessage("", steps), AssistantMessage("Done."))),))


MAIL = Tool(
    "mail",
    "SEND",
    "Send.",
    {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
    {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
)
