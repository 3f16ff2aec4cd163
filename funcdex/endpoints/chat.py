"""The part of a chat completion's body that all servers read alike, tools to call included.

{"tools": [{"type": "function", "function": {...}}], "tool_choice": "auto", "parallel_tool_calls": false}

vLLM and SGLang want to be started with a parser of the model's calls (`--enable-auto-tool-choice
--tool-call-parser hermes`), llama-server with `--jinja`; they refuse such requests otherwise.
"""

from __future__ import annotations

import orjson

from funcdex.types.request import Request

# No tokenizer has fewer characters a token on average than this, in the languages we write.
_FEWEST_CHARS_PER_TOKEN = 2


def chat_body(request: Request, *, model: str, max_tokens: int | None, seed: int | None) -> dict[str, object]:
    """Model, messages and sampling; a knob that is None is left to the server."""
    sampling = request.sampling
    knobs: dict[str, float | None] = {
        "max_tokens": max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "frequency_penalty": sampling.frequency_penalty,
        "seed": seed,
    }
    return {
        "model": model,
        **_said(request),
        **{name: value for name, value in knobs.items() if value is not None},
    }


def _said(request: Request) -> dict[str, object]:
    native = request.native
    if native is None:
        return {"messages": [{"role": one.role, "content": one.content} for one in request.messages]}
    messages, tools = orjson.Fragment(native.messages), orjson.Fragment(native.tools)
    return {
        "messages": messages,
        "tools": tools,
        "tool_choice": native.tool_choice,
        "parallel_tool_calls": native.parallel,
    }


def max_tokens_that_fit(request: Request, context_tokens: int | None) -> int | None:
    """None where prompt and answer might not fit the context together.

    vLLM and SGLang refuse such a request, but of themselves let an answer take what the prompt leaves.
    """
    asked = request.sampling.max_tokens
    if context_tokens is None:
        return asked
    return asked if request.chars // _FEWEST_CHARS_PER_TOKEN + asked <= context_tokens else None
