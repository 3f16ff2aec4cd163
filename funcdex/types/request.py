"""One request to a model and its completion, before any server's notation of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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
class NativeCall:
    """A tool call as the chat API has it. `arguments` is text, which need not be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """A chat message. `calls` are those of an assistant, `call_id` is the call that a `tool` answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[NativeCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """Tools that the model may call by the chat API itself: entries of OpenAI's list. `may_call` off: it sees
    them and has to speak. `parallel`: several calls in one message."""

    tools: tuple[Mapping[str, Any], ...]
    may_call: bool = True
    parallel: bool = False


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
class Request:
    """What a stage asks of the pool. Which endpoint answers is the pool's business.

    `stage` is a stage, or `correction`: endpoints may be kept for some.
    `timeout_s` counts from the moment the request is sent: time in our own queue is not the server's fault.
    `avoid` are URLs of endpoints whose answers to the same question were of no use: others are asked first.
    `rather` is the model, or the URL, that should answer; others are asked if none such can.
    `offered` are tools to call; no server takes a grammar beside them.
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
    offered: Offered | None = None

    @property
    def prompt_chars(self) -> int:
        """Characters that the model reads, tools left out: a measure of its length."""
        return sum(
            len(message.content) + sum(len(call.arguments) for call in message.calls)
            for message in self.messages
        )


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back. Reasoning is split off `text` and only counted.

    `finish_reason` is the server's: `stop` (also for one that ends with calls), `length`, `content_filter`...
    `calls` are those of offered tools. `latency_s` is from sent to
    received, `queued_s` the wait for an endpoint before that, `attempts` counts from 1.
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
