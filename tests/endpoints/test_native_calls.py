"""Tool calls that a server tells apart from the text come through, whole and streamed, cut anywhere."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.endpoints.answer import read_reply
from funcdex.endpoints.client import encoded
from funcdex.endpoints.events import joined
from funcdex.endpoints.facts import EndpointFacts, ServerKind
from funcdex.endpoints.native_calls import MOST_CALLS, CallPieces, native_calls
from funcdex.errors import BadResponse
from funcdex.types.request import NativeCall, NativeChat, Request, Sampling


def body(message: dict[str, Any], finish: str = "tool_calls") -> bytes:
    return orjson.dumps({"choices": [{"message": message, "finish_reason": finish}]})


def function(name: object, arguments: object) -> dict[str, Any]:
    return {"id": "a", "type": "function", "function": {"name": name, "arguments": arguments}}


def test_calls_are_read_beside_no_content() -> None:
    message = {"content": None, "tool_calls": [function("SEND", '{"to": 1}'), function("TRACK", {"id": 2})]}
    reply = read_reply(body(message), where="there")
    assert reply.text == "" and reply.finish_reason == "stop"
    assert reply.calls == (NativeCall("SEND", '{"to": 1}'), NativeCall("TRACK", '{"id":2}'))


@pytest.mark.parametrize("told", [None, [], {}, "SEND", 3, [None, 3, {}, {"function": "SEND"}]])
def test_what_is_no_call_is_left_out(told: object) -> None:
    assert native_calls(told) == ()


def test_a_name_or_arguments_of_another_type_make_no_error() -> None:
    assert native_calls([function(None, None), function(3, [1])]) == (
        NativeCall("", ""),
        NativeCall("", "[1]"),
    )
    assert len(native_calls([function("A", "")] * 10_000)) == MOST_CALLS


def test_neither_content_nor_call_is_an_answer_only_where_it_may_be() -> None:
    nothing = body({"content": None, "tool_calls": []}, "stop")
    with pytest.raises(BadResponse):
        read_reply(nothing, where="there")
    assert read_reply(nothing, where="there", may_be_empty=True).text == ""


@given(st.lists(st.tuples(st.text("AB_", min_size=1), st.text('{}":1 ')), min_size=1, max_size=3), st.data())
def test_a_streamed_answer_has_the_same_calls_however_it_is_cut(
    made: list[tuple[str, str]], data: st.DataObject
) -> None:
    pieces = CallPieces()
    events = b""
    for index, (name, arguments) in enumerate(made):
        cut = data.draw(st.integers(0, len(arguments)))
        parts = [{"name": name, "arguments": arguments[:cut]}, {"arguments": arguments[cut:]}]
        for part in parts:
            delta = {"tool_calls": [{"index": index, "function": part}]}
            assert pieces.take(delta)
            events += b"data: " + orjson.dumps({"choices": [{"delta": delta}]}) + b"\n\n"
    expected = tuple(NativeCall(*one) for one in made)
    assert native_calls(pieces.message_part()["tool_calls"]) == expected
    events += b'data: {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}\n\n'
    message: Any = joined(events)["choices"]
    assert native_calls(message[0]["message"]["tool_calls"]) == expected


@pytest.mark.parametrize("kind", ["vllm", "sglang", "llamacpp", "fireworks"])
def test_messages_and_tools_are_sent_as_they_stand(kind: ServerKind) -> None:
    native = NativeChat(b'[{"role": "user", "content": "a"}]', b'[{"type":"function"}]')
    request = Request("c", "evaluation", (), Sampling(100, temperature=0.0, seed=1), 10.0, native=native)
    facts = EndpointFacts(
        base_url="u", kind=kind, server_version="1", model="m", models=("m",), context_tokens=10_000,
        slots=None, dialect="ebnf", enforces=False,
    )  # fmt: skip
    sent = orjson.loads(encoded(request, facts))
    assert sent["messages"] == [{"role": "user", "content": "a"}]
    assert sent["tools"] == [{"type": "function"}] and sent["tool_choice"] == "auto"
    assert sent["parallel_tool_calls"] is True and request.chars == 55
