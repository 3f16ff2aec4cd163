"""What is known of an endpoint once it was asked: facts, or the reason why it is of no use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.types.request import Dialect

ServerKind = Literal["vllm", "sglang", "llamacpp", "fireworks"]
"""Whose notation of a request a server reads."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A dialect, written as one kind of server takes it, that was not enforced, and what came instead.

    `may_pass`: it was a fault of the server, which may do better another time.
    """

    kind: ServerKind
    dialect: Dialect
    outcome: str
    may_pass: bool = False

    def __str__(self) -> str:
        return f"{self.dialect} as {self.kind} takes it: {self.outcome}"


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """An endpoint that can be used.

    `context_tokens` is what prompt and answer share, per slot; `slots` how many requests it works on at
    once; None where the server does not tell. `dialect` is what it enforces, `passed_over` what was tried in
    vain. `latency_s` is that of the probe's completion. `notes` are sentences for the user: what was odd, and
    what to change.
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
    passed_over: tuple[Attempt, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """An endpoint that cannot be used. `final`: waiting will not help, something must change."""

    spec: EndpointSpec
    reason: str
    final: bool
    passed_over: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What a server says of itself before any completion was asked for.

    `lists_all_models` is False where a model that it does not list may be served all the same.
    """

    kind: ServerKind
    version: str
    slots: int | None = None
    context_tokens: int | None = None
    simulated: bool = False
    lists_all_models: bool = True
