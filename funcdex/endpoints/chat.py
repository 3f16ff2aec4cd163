"""The part of a chat completion's body that all servers read alike, tools to call included.

{"tools": [{"type": "function", "function": {...}}], "tool_choice": "auto", "parallel_tool_calls": false}

vLLM and SGLang want to be started with a parser of the model's calls (`--enable-auto-tool-choice
--tool-call-parser hermes`), llama-server with `--jinja`; they refuse such requests otherwise.
"""

from __future__ import annotations

import orjson

from funcdex.types.request import Message, Offered, Request

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
        "messages": list(map(_message, request.messages)),
        **({} if request.offered is None else _tools(request.offered)),
        **{name: value for name, value in knobs.items() if value is not None},
    }


def _message(message: Message) -> dict[str, object]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    if not message.calls:
        return {"role": message.role, "content": message.content}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.calls
    ]
    return {"role": message.role, "content": message.content or None, "tool_calls": calls}


def _tools(offered: Offered) -> dict[str, object]:
    return {
        "tools": list(offered.tools),
        "tool_choice": "auto" if offered.may_call else "none",
        "parallel_tool_calls": offered.parallel,
    }


def max_tokens_that_fit(request: Request, context_tokens: int | None) -> int | None:
    """None where prompt and answer might not fit the context together.

    vLLM and SGLang refuse such a request, but of themselves let an answer take what the prompt leaves.
    """
    asked = request.sampling.max_tokens
    if context_tokens is None:
        return asked
    chars = request.prompt_chars
    if request.offered is not None:
        chars += len(orjson.dumps(request.offered.tools))
    return asked if chars // _FEWEST_CHARS_PER_TOKEN + asked <= context_tokens else None
