"""One request to a model and its completion, before any server's notation of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

Dialect = Literal["lark", "structural_tag", "ebnf", "gbnf"]
"""The notations of a grammar, all of the same language: Lark (llguidance, so vLLM with either engine, and the
simulated endpoint), xgrammar's structural tag and its EBNF (vLLM, SGLang, TensorRT-LLM), GBNF (llama.cpp,
Fireworks)."""

LEAST_URGENT = 0
"""`Request.priority` of work that has just begun; more advanced work has a higher number."""


class Grammar(Protocol):
    """What an answer must match."""

    @property
    def key(self) -> str:
        """Same language, same key: what servers' compile caches and routing go by."""

    def render(self, dialect: Dialect) -> str:
        """The grammar's text in one notation, which may take tens of milliseconds."""

    def is_rendered(self, dialect: Dialect) -> bool:
        """Whether that text is there already."""


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message. `role` is `system`, `user` or `assistant`."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the model draws tokens; None leaves a knob to the server."""

    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class NativeChat:
    """A chat in the words of OpenAI's API, its tools included; sent as it stands, in place of messages.

    `messages` and `tools` are JSON arrays, in UTF-8. `parallel`: several calls in one message. No server
    takes a grammar beside them.
    """

    messages: bytes
    tools: bytes
    tool_choice: Literal["auto", "none"] = "auto"
    parallel: bool = True

    @property
    def chars(self) -> int:
        """How much there is to read, in bytes."""
        return len(self.messages) + len(self.tools)


@dataclass(frozen=True, slots=True)
class NativeCall:
    """A tool call as a server returns it. `arguments` is its text, JSON or not."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a stage asks of the pool. Which endpoint answers is the pool's business.

    `stage` is a stage, or `correction`: endpoints may be kept for some.
    `timeout_s` counts from the moment the request is sent: time in our own queue is not the server's fault.
    `avoid` are URLs of endpoints whose answers to the same question were of no use: others are asked first.
    `rather` is the model, or the URL, that should answer; others are asked if none such can.
    `native`: what is sent in place of `messages`, which are none then.
    """

    conversation_id: str
    stage: str
    messages: tuple[Message, ...]
    sampling: Sampling
    timeout_s: float
    grammar: Grammar | None = None
    priority: int = LEAST_URGENT
    avoid: frozenset[str] = frozenset()
    rather: str | None = None
    native: NativeChat | None = None

    @property
    def chars(self) -> int:
        """The length of the prompt, in characters."""
        if self.native is not None:
            return self.native.chars
        return sum(len(message.content) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. Reasoning is split off `text` and only counted.

    `finish_reason` is the server's: `stop` (also for one that ends with calls), `length`, `content_filter`...
    `latency_s` is from sent to received, `queued_s` the wait for an endpoint before that, `attempts` counts
    from 1. `calls` are tool calls that the server tells apart from the text.
    """

    text: str
    finish_reason: str
    endpoint: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    simulated: bool = False
    latency_s: float = 0.0
    queued_s: float = 0.0
    attempts: int = 1
    calls: tuple[NativeCall, ...] = ()


Generate = Callable[[Request], Awaitable[Completion]]
"""The one seam between stages and endpoints. Raises EndpointError (not retryable, or retries used up) and
NoEndpointAvailable."""
