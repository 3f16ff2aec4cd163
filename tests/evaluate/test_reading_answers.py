"""Calls are read out of whatever a model wrote, and nothing it writes makes an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.evaluate.answers import MOST_ARGUMENT_CHARS, MOST_CALLS, Answer, calls_of
from funcdex.types.request import NativeCall


def answer(text: str = "", *calls: tuple[str, str], finish: str = "stop") -> Answer:
    return Answer(text, tuple(NativeCall(*call) for call in calls), finish)


def hermes(*calls: object) -> str:
    return "Well.\n" + "".join(f"<tool_call>\n{json.dumps(call)}\n</tool_call>\n" for call in calls)


def test_native_calls_are_read() -> None:
    first, second = calls_of(answer("", ("SEND", '{"to": "Ada"}'), ("STAMPS", "")))
    assert (first.name, first.values) == ("SEND", {"to": "Ada"})
    assert (second.name, second.values) == ("STAMPS", {}), "no arguments at all are none"


@pytest.mark.parametrize(
    "arguments",
    [
        '{"to": "Ada"',
        "[1]",
        '"Ada"',
        "null",
        "{'to': 'Ada'}",
        '{"a": NaN}',
        '{"to": 1e999, "n": 1234567890123456789}',
        '{"n": ' + "9" * 5000 + "}",
        '{"a":' * 2000 + "1" + "}" * 2000,
        '{"a":' * 80 + "1" + "}" * 80,
        '{"to": "' + "x" * MOST_ARGUMENT_CHARS + '"}',
    ],
    ids=range(11),
)
def test_arguments_that_are_of_no_use_are_a_wrong_answer_with_a_reason(arguments: str) -> None:
    (call,) = calls_of(answer("", ("SEND", arguments)))
    assert call.values is None and "arguments are" in call.fault and len(call.fault) < 400


def test_calls_in_the_text_count_where_that_is_asked_for_and_none_is_native() -> None:
    text = hermes({"name": "SEND", "arguments": {"to": "Ada"}}, {"name": "TRACK", "arguments": '{"id": 1}'})
    assert calls_of(answer(text)) == ()
    send, track = calls_of(answer(text), in_text=True)
    assert (send.name, send.values, track.name, track.values) == ("SEND", {"to": "Ada"}, "TRACK", {"id": 1})
    assert [one.name for one in calls_of(answer(text, ("STAMPS", "{}")), in_text=True)] == ["STAMPS"]


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>{",
        "<tool_call></tool_call>",
        "<tool_call>[]</tool_call>",
        '<tool_call>{"arguments": {}}</tool_call>',
        '<tool_call>{"name": "SEND", "arguments": 3}</tool_call>',
        '<tool_call>{"name": "SEND", "arguments": {}',
    ],
)
def test_calls_in_the_text_that_cannot_be_read_are_told(text: str) -> None:
    (call,) = calls_of(answer(text), in_text=True)
    assert call.values is None and call.fault


def test_no_more_calls_are_looked_at_than_can_be() -> None:
    many = answer("<tool_call>" * 10_000, *[("SEND", "{}")] * 5_000)
    assert len(calls_of(many)) == MOST_CALLS
    assert len(calls_of(answer("<tool_call>{}</tool_call>" * 5_000), in_text=True)) == MOST_CALLS


@given(st.text(), st.text(), st.text(alphabet='{}[]":, 01\\u<>tool_call/', max_size=80))
def test_no_text_is_too_odd(name: str, arguments: str, text: str) -> None:
    for call in calls_of(answer("", (name, arguments))):
        assert (call.values is None) == bool(call.fault)
    for call in calls_of(answer("<tool_call>" + text), in_text=True):
        assert (call.values is None) == bool(call.fault)
