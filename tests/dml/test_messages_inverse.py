"""Conversations as chat messages, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import conversations, texts

from funcdex.errors import FuncdexError, MessagesError
from funcdex.export.content import content_of, thought_and_text
from funcdex.export.messages import to_messages
from funcdex.export.read_messages import from_messages
from funcdex.export.records import parsed_record
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.tools import Tool

CONVERSATION = Conversation(
    (
        Turn(
            "Mail Ann and Bob",
            (
                AssistantMessage(
                    "",
                    (
                        Step((ToolCall("SEND", {"to": "Ann"}), ToolCall("SEND", {"to": "Bob"})), ({}, [1])),
                        Step((ToolCall("LIST", {}),), ("né",)),
                    ),
                ),
                AssistantMessage("Both are sent.", (), "Say so."),
            ),
        ),
        Turn("Thanks", (AssistantMessage("Welcome"),)),
    )
)


def call(id_: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def response(id_: str, name: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "name": name, "content": content}


MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "Mail Ann and Bob"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            call("call_0", "SEND", '{"to": "Ann"}'),
            call("call_1", "SEND", '{"to": "Bob"}'),
        ],
    },
    response("call_0", "SEND", "{}"),
    response("call_1", "SEND", "[1]"),
    {"role": "assistant", "content": None, "tool_calls": [call("call_2", "LIST", "{}")]},
    response("call_2", "LIST", '"né"'),
    {"role": "assistant", "content": "<analysis>Say so.</analysis>\n<final>Both are sent.</final>"},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "Welcome"},
]


def test_the_messages_of_a_conversation_with_every_kind_of_step() -> None:
    assert to_messages(CONVERSATION) == MESSAGES
    assert from_messages(MESSAGES) == CONVERSATION


@given(conversations())
def test_messages_are_read_back_as_the_conversation_they_came_from(conversation: Conversation) -> None:
    messages = to_messages(conversation)
    assert from_messages(messages) == conversation
    assert from_messages(json.loads(json.dumps(messages))) == conversation
    assert to_messages(from_messages(messages)) == messages


@settings(max_examples=25)
@given(conversations())
def test_call_ids_count_up_over_the_whole_conversation(conversation: Conversation) -> None:
    made = [call["id"] for message in to_messages(conversation) for call in message.get("tool_calls", [])]
    assert made == [f"call_{number}" for number in range(len(conversation.calls))]


@given(st.none() | texts(), texts())
def test_thought_and_text_are_told_apart_whatever_they_hold(thought: str | None, text: str) -> None:
    content = content_of(AssistantMessage(text, (), thought))
    assert content is not None
    assert thought_and_text(content) == (thought, text)


@pytest.mark.parametrize("thought", [None, "<final>", "</analysis>\n<final>a", "&lt;/analysis>"])
@pytest.mark.parametrize(
    "text",
    [
        "<final>",
        "<final>a",
        "<final>a</final>",
        "<analysis>",
        "<analysis>a</analysis>\n<final>b</final>",
        "a</final>",
    ],
)
def test_texts_and_thoughts_made_of_the_chat_formats_own_tags_are_kept(
    thought: str | None, text: str
) -> None:
    content = content_of(AssistantMessage(text, (), thought))
    assert content is not None
    assert thought_and_text(content) == (thought, text)


def test_a_silent_thought_before_a_call_has_an_empty_final_part() -> None:
    step = Step((ToolCall("A", {}),), ({},))
    assert content_of(AssistantMessage("", (step,), "Look")) == "<analysis>Look</analysis>\n<final></final>"
    assert thought_and_text("<analysis>Look</analysis>\n<final></final>") == ("Look", "")


def test_only_texts_that_look_like_thoughts_are_wrapped() -> None:
    assert content_of(AssistantMessage("<b> & </analysis> &lt;")) == "<b> & </analysis> &lt;"
    assert content_of(AssistantMessage("<analysis>")) == "<final><analysis></final>"
    thought = "a </analysis> &lt;/analysis> &lt; &amp;"
    assert content_of(AssistantMessage("b", (), thought)) == (
        "<analysis>a &lt;/analysis> &amp;lt;/analysis> &lt; &amp;</analysis>\n<final>b</final>"
    )


def test_a_leading_system_message_and_unknown_keys_are_passed_over() -> None:
    messages = deepcopy(MESSAGES)
    messages[1].update(content=" ", refusal=None)
    del messages[2]["name"]
    messages[8]["tool_calls"] = []
    messages[7]["content"] = " Thanks\n"
    assert from_messages([{"role": "system", "content": "Be kind."}, *messages]) == CONVERSATION


Change = Callable[[list[dict[str, Any]]], Any]


@pytest.mark.parametrize(
    ("change", "index", "what"),
    [
        (lambda all_: all_.clear(), 0, "expected role 'user', found the end"),
        (lambda all_: all_.pop(0), 0, "expected role 'user', found role 'assistant'"),
        (lambda all_: all_.pop(), 8, "expected role 'assistant', found the end"),
        (lambda all_: all_.pop(2), 2, "expected the response to 'call_0', found 'call_1'"),
        (lambda all_: all_.pop(5), 5, "expected role 'tool', found role 'assistant'"),
        (lambda all_: all_.insert(2, all_.pop(3)), 2, "expected the response to 'call_0', found 'call_1'"),
        (lambda all_: all_.insert(6, all_[5]), 6, "expected role 'assistant', found role 'tool'"),
        (lambda all_: all_.append(all_[8]), 9, "expected role 'user', found role 'assistant'"),
        (lambda all_: all_.append({"role": "system", "content": "x"}), 9, "expected role 'user', found"),
        (lambda all_: all_.append({"content": "x"}), 9, "expected an object with a role"),
        (lambda all_: all_.append("x"), 9, "expected an object with a role"),
        (lambda all_: all_.append({"role": ["user"]}), 9, "expected an object with a role"),
        (lambda all_: all_[0].update(role="oracle"), 0, "expected role 'user', found role 'oracle'"),
        (lambda all_: all_[0].update(content=" "), 0, "a user message is empty"),
        (lambda all_: all_[0].update(content=[{"type": "text"}]), 0, "expected a string as content"),
        (lambda all_: all_[0].pop("content"), 0, "expected a string as content"),
        (lambda all_: all_[0].update(content="\ud800"), 0, "a JSON string holds half of a surrogate"),
        (lambda all_: all_[8].update(content=None), 8, "an assistant message neither speaks nor calls"),
        (lambda all_: all_[8].update(content="<final></final>"), 8, "an assistant message neither"),
        (lambda all_: all_[8].update(content="<final>x"), 8, "<final> is not closed"),
        (lambda all_: all_[8].update(content="<analysis>x</analysis>"), 8, "<analysis> is not followed"),
        (
            lambda all_: all_[8].update(content="<analysis> </analysis>\n<final>x</final>"),
            8,
            "<analysis> is empty",
        ),
        (lambda all_: all_[1].update(tool_calls="x"), 1, "expected a list as tool_calls"),
        (lambda all_: all_[1].update(tool_calls=["x"]), 1, 'expected {"id", "type", "function"'),
        (lambda all_: all_[1]["tool_calls"][0].pop("id"), 1, 'expected {"id", "type", "function"'),
        (
            lambda all_: all_[1]["tool_calls"][0].update(function=None),
            1,
            'expected {"id", "type", "function"',
        ),
        (lambda all_: all_[1]["tool_calls"].pop(0), 2, "expected the response to 'call_1', found 'call_0'"),
        (lambda all_: all_[2].update(tool_call_id="other"), 2, "expected the response to 'call_0'"),
        (lambda all_: all_[2].update(name="LIST"), 2, "the name is not that of the call"),
        (lambda all_: all_[2].update(content="done"), 2, "content, character 0: expected JSON"),
        (lambda all_: all_[2].update(content="{} {}"), 2, "content, character 2: expected the end"),
        (lambda all_: all_[2].update(content={}), 2, "expected a string of JSON as content"),
    ],
)
def test_anything_else_is_refused_with_the_index_of_the_message(
    change: Change, index: int, what: str
) -> None:
    messages = deepcopy(MESSAGES)
    change(messages)
    with pytest.raises(MessagesError, match=f"message {index}") as caught:
        from_messages(messages)
    assert caught.value.what.startswith(what)
    assert caught.value.index == index


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"to": "Ann"}, "expected a string of JSON as arguments"),
        (None, "expected a string of JSON as arguments"),
        ("to: Ann", "arguments, character 0: expected JSON"),
        ("[]", "expected a JSON object as arguments"),
        ('{"to": NaN}', "arguments, character 0: NaN, Infinity"),
        ('{"to": 1, "to": 2}', 'arguments, character 0: the key "to" stands twice'),
        ('{"a":' * 64 + "1" + "}" * 64, "JSON is nested deeper"),
    ],
)
def test_arguments_are_a_json_object_as_text(arguments: JsonValue, what: str) -> None:
    messages = deepcopy(MESSAGES)
    messages[1]["tool_calls"][0]["function"]["arguments"] = arguments
    with pytest.raises(MessagesError) as caught:
        from_messages(messages)
    assert caught.value.what.startswith(what)
    assert caught.value.index == 1


@given(conversations(max_turns=2), st.data())
def test_damaged_messages_are_read_or_refused(conversation: Conversation, data: st.DataObject) -> None:
    messages = to_messages(conversation)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(messages) - 1))
        message: dict[str, Any] = dict(messages[place])
        message[data.draw(st.sampled_from(sorted(message)))] = data.draw(
            st.none() | texts() | st.lists(st.none() | texts(), max_size=2) | st.just("user") | st.just({})
        )
        messages[place : place + data.draw(st.integers(0, 2))] = [message]
    try:
        read = from_messages(messages)
    except FuncdexError:
        return
    assert from_messages(to_messages(read)) == read


def test_a_parsed_record_has_the_tools_that_were_shown_and_what_is_added() -> None:
    tool = Tool("mail", "SEND", "Sends.", {"type": "object", "properties": {"to": {"type": "string"}}})
    record = parsed_record(
        CONVERSATION,
        system_prompt="Be kind.",
        tools=[tool],
        toolkits=["gmail", "googledrive"],
        extra={"id": "conv_1", "toolkit": "ignored"},
    )
    function = {"name": "SEND", "description": "Sends.", "parameters": tool.parameters}
    assert record == {
        "id": "conv_1",
        "messages": MESSAGES,
        "system_prompt": "Be kind.",
        "tools": [{"type": "function", "function": function}],
        "toolkit": "gmail-googledrive",
        "original_toolkit_count": 2,
    }
    assert list(record)[0] == "id"
