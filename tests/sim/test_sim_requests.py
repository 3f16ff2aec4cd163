"""Which bodies are understood, and what is said about the others."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from funcdex.sim.constraint import BadRequest
from funcdex.sim.request import CompletionRequest, read_request

_HELLO = {"role": "user", "content": "Hello there."}


def _read(*, chat: bool = True, max_model_len: int = 1000, **body: Any) -> CompletionRequest:
    if chat:
        body = {"messages": [_HELLO], **body}
    return read_request(orjson.dumps(body), chat=chat, max_model_len=max_model_len)


def test_all_messages_count() -> None:
    one, two = _read(), _read(messages=[_HELLO, _HELLO])
    assert two.prompt.count("Hello") == 2
    assert two.prompt_tokens > one.prompt_tokens > 3


def test_content_may_be_parts_or_nothing() -> None:
    parts = [{"type": "text", "text": "Hello there."}, {"type": "image_url", "image_url": {}}]
    assert _read(messages=[{"role": "user", "content": parts}]).prompt == "Hello there."
    assert _read(messages=[{"role": "assistant", "content": None}]).prompt == ""


def test_without_max_tokens_the_rest_of_the_context_is_there() -> None:
    request = _read()
    assert request.max_tokens == 1000 - request.prompt_tokens
    assert _read(max_completion_tokens=7, max_tokens=9).max_tokens == 7
    assert _read(max_tokens=999).max_tokens == 1000 - request.prompt_tokens
    assert _read(chat=False, prompt="Hello").max_tokens == 16


def test_unknown_fields_are_ignored() -> None:
    assert _read(top_k=5, wherever={"a": 1}, guided_json={"type": "integer"}) == _read()


def test_seed_prompt_and_grammar_make_the_key() -> None:
    choice = {"choice": ["a", "b"]}
    keys = {
        _read().key,
        _read(seed=1).key,
        _read(messages=[_HELLO, _HELLO]).key,
        _read(structured_outputs=choice).key,
    }
    assert len(keys) == 4
    assert _read(max_tokens=5, stream=True).key == _read().key


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"messages": []}, "messages is not a list"),
        ({"messages": ["hello"]}, "a message is not an object with a role"),
        ({"messages": [{"role": "user", "content": 7}]}, "neither text nor a list"),
        ({"max_tokens": 0}, "max_tokens must be at least 1, got 0"),
        ({"max_tokens": "many"}, "max_tokens must be at least 1"),
        ({"max_tokens": 5000}, "max_tokens=5000 cannot be greater than max_model_len=1000"),
        ({"structured_outputs": "json"}, "structured_outputs is not an object"),
        ({"structured_outputs": {"json": {}, "regex": "a"}}, "only use one kind"),
        ({"structured_outputs": {"structural_tag": "{}"}}, "structural tags of one grammar only"),
        ({"structured_outputs": {"structural_tag": "{"}}, "structural_tag is not JSON"),
        ({"structured_outputs": {"grammar": "start: unheard_of"}}, "Grammar error"),
        ({"structured_outputs": {"grammar": "root ::= ("}}, "Grammar error"),
        ({"structured_outputs": {"json": {"type": "unheard_of"}}}, "Grammar error"),
        ({"structured_outputs": {"json": "{"}}, "Grammar error"),
        ({"grammar": "start: /(/"}, "Grammar error"),
        ({"response_format": {"type": "json_schema"}}, "json_schema.schema is not an object"),
        ({"response_format": {"type": "poem"}}, "unknown response_format type 'poem'"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        _read(**body)


def test_a_prompt_that_fills_the_context_is_refused_in_the_words_of_vllm() -> None:
    with pytest.raises(BadRequest, match="maximum context length is 5 tokens.*reduce the length") as refused:
        _read(max_model_len=5)
    assert refused.value.param == "input_tokens"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="the body is not"):
        read_request(raw, chat=True, max_model_len=1000)


def test_a_completion_needs_a_prompt() -> None:
    with pytest.raises(BadRequest, match="prompt is not a text"):
        _read(chat=False)
