"""A completion request as the simulated endpoint understands it, read from an OpenAI-style body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from funcdex.sim.constraint import BadRequest, grammar_of, matcher_for
from funcdex.sim.native import called_by, grammar_of_message, offered_tools
from funcdex.sim.tokens import count_tokens

# What a chat template adds: the role and the marks around a message, and the opening of the answer.
_TOKENS_PER_MESSAGE = 4
_TOKENS_OF_OPENING = 3


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What was asked. `key` is 32 bytes that follow from prompt, seed and grammar: same key, same answer.
    `calls_natively`: it is a message of markup under `grammar`, to be told as content and calls."""

    chat: bool
    prompt: str
    prompt_tokens: int
    max_tokens: int
    grammar: str | None
    key: bytes
    stream: bool
    include_usage: bool
    ignore_eos: bool
    calls_natively: bool = False

    @property
    def id(self) -> str:
        """The answer's id."""
        return f"{'chatcmpl' if self.chat else 'cmpl'}-{self.key.hex()[:32]}"


def read_request(raw: bytes, *, chat: bool, max_model_len: int) -> CompletionRequest:
    """The request in a body. Fields that are not known are ignored. Raises BadRequest, also for a grammar
    that does not compile."""
    body = _object(raw)
    prompt, prompt_tokens = _chat_prompt(body) if chat else _plain_prompt(body)
    grammar = grammar_of(body)
    offered = offered_tools(body) if chat else None
    if offered is not None:
        if grammar is not None:
            raise BadRequest("no grammar is simulated beside tools", "tools")
        grammar = grammar_of_message(*offered)
        prompt_tokens += count_tokens(offered[0].decode())
    if grammar is not None:
        matcher_for(grammar)
    stream_options = body.get("stream_options")
    return CompletionRequest(
        chat=chat,
        prompt=prompt,
        prompt_tokens=prompt_tokens,
        max_tokens=_max_tokens(body, prompt_tokens, max_model_len, chat=chat),
        grammar=grammar,
        key=sha256(orjson.dumps([prompt, body.get("seed"), grammar])).digest(),
        stream=body.get("stream") is True,
        include_usage=isinstance(stream_options, dict) and stream_options.get("include_usage") is True,
        ignore_eos=body.get("ignore_eos") is True,
        calls_natively=offered is not None,
    )


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _chat_prompt(body: Mapping[str, Any]) -> tuple[str, int]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages is not a list with at least one message", "messages")
    text = "\n".join(_text_of(message) for message in messages)
    return text, count_tokens(text) + _TOKENS_PER_MESSAGE * len(messages) + _TOKENS_OF_OPENING


def _text_of(message: object) -> str:
    """The text of a message; its content is a string, None or a list of parts."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise BadRequest("a message is not an object with a role", "messages")
    content = message.get("content") or called_by(message)
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(text for text in parts if isinstance(text, str))
    if not isinstance(content, str):
        raise BadRequest("the content of a message is neither text nor a list of parts", "messages")
    return content


def _plain_prompt(body: Mapping[str, Any]) -> tuple[str, int]:
    prompt = body.get("prompt")
    if not isinstance(prompt, str):
        raise BadRequest("prompt is not a text", "prompt")
    return prompt, count_tokens(prompt)


def _max_tokens(body: Mapping[str, Any], prompt_tokens: int, max_model_len: int, *, chat: bool) -> int:
    """What was asked for, but no more than the context has room for. The messages are worded like vLLM's,
    which clients recognise a full context by."""
    param = (
        "max_completion_tokens" if chat and body.get("max_completion_tokens") is not None else "max_tokens"
    )
    room = max_model_len - prompt_tokens
    if room < 1:
        raise BadRequest(
            f"This model's maximum context length is {max_model_len} tokens. However, your prompt contains "
            f"{prompt_tokens} input tokens, which exceeds this limit even without any output tokens. "
            "Please reduce the length of the input prompt.",
            "input_tokens",
        )
    asked = body.get(param)
    if asked is None:
        return room if chat else min(room, 16)
    if not isinstance(asked, int) or asked < 1:
        raise BadRequest(f"{param} must be at least 1, got {asked}.", param)
    if asked > max_model_len:
        raise BadRequest(
            f"{param}={asked} cannot be greater than max_model_len={max_model_len}. "
            "Please request fewer output tokens.",
            param,
        )
    return min(asked, room)
