"""What is known of an endpoint once it was asked: facts, or the reason why it is of no use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Dialect

ServerKind = Literal["vllm", "llamacpp"]
"""Whose notation of a request a server reads. A server that is neither is spoken to as if it were vLLM."""


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """An endpoint that can be used.

    `context_tokens` is what prompt and answer share, per slot; `slots` how many requests it works on at
    once; None where the server does not tell. `latency_s` is that of the probe's completion. `notes` are
    sentences for the user: what was odd, and what to change.
    """

    base_url: str
    kind: ServerKind
    server_version: str
    model: str
    models: tuple[str, ...]
    context_tokens: int | None
    slots: int | None
    dialect: Dialect
    enforces: bool
    simulated: bool = False
    metrics: bool = False
    latency_s: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An endpoint that cannot be used. `final`: waiting will not help, something must change."""

    spec: EndpointSpec
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server says of itself before any completion was asked for."""

    kind: ServerKind
    version: str
    slots: int | None = None
    context_tokens: int | None = None
    simulated: bool = False
