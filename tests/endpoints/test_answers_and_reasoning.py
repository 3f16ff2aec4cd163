"""The body of an answer: what is split off, what is counted, what is refused."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from endpoints.scripted_server import chat_answer
from funcdex.endpoints.answer import read_reply
from funcdex.endpoints.reasoning import split_reasoning
from funcdex.errors import BadResponse

WHERE = "http://endpoint.test"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "Yes"}, ("Yes", "")),
        ({"content": "Yes", "reasoning": "hm"}, ("Yes", "hm")),
        ({"content": "Yes", "reasoning_content": "hm"}, ("Yes", "hm")),
        ({"content": "Yes", "reasoning": None, "reasoning_content": "hm"}, ("Yes", "hm")),
        ({"content": "\n<think>hm</think>\n\nYes"}, ("Yes", "hm")),
        ({"content": "hm</think>\nYes"}, ("Yes", "hm")),
        ({"content": "<think>hm"}, ("", "hm")),
        ({"content": "Yes, <think> is a tag"}, ("Yes, <think> is a tag", "")),
        ({"content": "say <think>x</think>"}, ("say <think>x</think>", "")),
        ({"content": None, "reasoning": "hm"}, (None, "hm")),
        ({}, (None, "")),
    ],
)
def test_reasoning_is_split_off(message: dict[str, object], expected: tuple[str | None, str]) -> None:
    assert split_reasoning(message) == expected


@given(reasoning=st.text().filter(lambda text: "</think>" not in text), answer=st.text())
def test_a_thought_never_reaches_the_answer(reasoning: str, answer: str) -> None:
    text, thought = split_reasoning({"content": f"<think>{reasoning}</think>{answer}"})
    assert (text, thought) == (answer.lstrip(), reasoning)


def _reply(answer: dict[str, object]) -> tuple[str, str, int, int, int]:
    reply = read_reply(orjson.dumps(answer), where=WHERE)
    return (
        reply.text,
        reply.finish_reason,
        reply.prompt_tokens,
        reply.completion_tokens,
        reply.reasoning_tokens,
    )


def test_text_reason_and_counts_come_out() -> None:
    assert _reply(chat_answer("Yes")) == ("Yes", "stop", 11, 7, 0)


def test_counts_are_zero_without_usage() -> None:
    answer = chat_answer("Yes")
    answer["usage"] = None
    assert _reply(answer) == ("Yes", "stop", 0, 0, 0)


def test_the_servers_count_of_reasoning_goes_before_an_estimate() -> None:
    answer = chat_answer("Yes", reasoning="x" * 20)
    assert _reply(answer)[4] == 5
    answer["usage"]["reasoning_tokens"] = 4
    assert _reply(answer)[4] == 4
    answer["usage"]["completion_tokens_details"] = {"reasoning_tokens": 3}
    assert _reply(answer)[4] == 3


def test_an_estimate_of_reasoning_never_exceeds_what_was_written() -> None:
    assert _reply(chat_answer("Yes", reasoning="x" * 400))[4] == 7


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls"])
def test_any_finish_reason_passes_through(reason: str) -> None:
    answer = chat_answer("Yes")
    answer["choices"][0]["finish_reason"] = reason
    assert _reply(answer)[1] == reason


def test_an_answer_that_was_cut_off_while_reasoning_is_empty() -> None:
    answer = chat_answer(None, reasoning="and then")
    answer["choices"][0]["finish_reason"] = "length"
    assert _reply(answer)[:2] == ("", "length")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"choices": [',
        b"[]",
        b"null",
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": ["x"]}',
        b'{"error": {"message": "engine died"}}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": null}]}',
        b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": NaN}}',
        b'{"choices": [{"message": {"content": "\xff"}}]}',
    ],
)
def test_what_is_no_answer_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse, match="endpoint.test"):
        read_reply(body, where=WHERE)


def test_an_error_in_place_of_choices_is_quoted() -> None:
    with pytest.raises(BadResponse, match="engine died"):
        read_reply(b'{"error": {"message": "engine died"}}', where=WHERE)


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["choices", "message", "content", "usage", "error"]), inner)
        ),
    )
)
def test_any_json_is_an_answer_or_a_bad_response(value: object) -> None:
    try:
        body = orjson.dumps(value)
    except TypeError:  # half of a surrogate pair
        return
    try:
        reply = read_reply(body, where=WHERE)
    except BadResponse:
        return
    assert isinstance(reply.text, str)


@given(st.binary())
def test_any_bytes_are_an_answer_or_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        read_reply(body, where=WHERE)


def _stream(*chunks: object) -> bytes:
    return (
        b"".join(b"data: " + orjson.dumps(chunk) + b"\r\n\r\n" for chunk in chunks) + b"data: [DONE]\r\n\r\n"
    )


def _said(text: str, finish_reason: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}]}


@given(
    pieces=st.lists(st.text(), min_size=1), lines=st.sampled_from([b": ping\n", b"event: x\nid: 1\n", b"\n"])
)
def test_a_streamed_answer_reads_like_one_that_came_at_once(pieces: list[str], lines: bytes) -> None:
    chunks = [*map(_said, pieces), _said("", "stop"), {"choices": [], "usage": {"completion_tokens": 4}}]
    reply = read_reply(lines + _stream(*chunks), where=WHERE)
    expected = read_reply(orjson.dumps(chat_answer("".join(pieces))), where=WHERE)
    assert (reply.text, reply.finish_reason) == (expected.text, expected.finish_reason)
    assert reply.completion_tokens == 4


def test_a_stream_cut_off_before_its_end_is_a_bad_response() -> None:
    whole = _stream(_said("Hel"), _said("lo", "stop"))
    finished_at = whole.index(b"\r\n", whole.index(b'"stop"'))
    for cut in range(1, finished_at):
        with pytest.raises(BadResponse):
            read_reply(whole[:cut], where=WHERE)
    assert read_reply(whole[:finished_at], where=WHERE).text == "Hello"


def test_an_error_in_mid_stream_is_quoted() -> None:
    with pytest.raises(BadResponse, match="engine died"):
        read_reply(_stream(_said("Hel"), {"error": {"message": "engine died"}}), where=WHERE)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.integers(-5, 5) | st.sampled_from(["stop", "x"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["choices", "delta", "content", "finish_reason", "usage", "error"]), inner
                )
            ),
        )
    )
)
def test_any_events_are_an_answer_or_a_bad_response(chunks: list[object]) -> None:
    try:
        reply = read_reply(_stream(*chunks), where=WHERE)
    except BadResponse:
        return
    assert isinstance(reply.text, str)
