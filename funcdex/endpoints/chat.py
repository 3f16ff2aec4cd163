"""The part of a chat completion's body that all servers read alike."""

from __future__ import annotations

from funcdex.types.request import Request


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
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        **{name: value for name, value in knobs.items() if value is not None},
    }
