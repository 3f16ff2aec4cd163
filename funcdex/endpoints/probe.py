"""Asks an endpoint what it is, and finds out whether it really enforces a grammar.

A server may take a grammar, answer 200 and ignore it (vLLM does so with a field it has dropped). So the
probe asks for a greeting under a grammar whose only string no model would greet with.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio
import orjson

from funcdex.endpoints import llamacpp, vllm
from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import EndpointFacts, Identity, Refused
from funcdex.endpoints.http import EndpointClient
from funcdex.errors import BadResponse, EndpointError, NotServed, RequestRefused
from funcdex.types.request import Completion, Dialect, Message, Request, Sampling

ODD_WORD = "qv7-maple-0413"
# A reasoning model thinks before the grammar begins.
_MAX_TOKENS = 1024
_DIALECTS = {"vllm": vllm.DIALECT, "llamacpp": llamacpp.DIALECT}


@dataclass(frozen=True, slots=True)
class OddWordGrammar:
    """A grammar with one string in its language, ODD_WORD."""

    key: str = ODD_WORD

    def render(self, dialect: Dialect) -> str:
        """The rule in Lark (`start: "..."`) or GBNF (`root ::= "..."`)."""
        return f'start: "{ODD_WORD}"\n' if dialect == "lark" else f'root ::= "{ODD_WORD}"\n'


async def probe(
    client: EndpointClient,
    *,
    timeout_s: float,
    now: Callable[[], float],
    model: str | None = None,
    require_enforcement: bool = True,
) -> EndpointFacts | Refused:
    """What the endpoint is, or why it cannot be used. Raises no EndpointError.

    `timeout_s` is for all of it. `model` replaces the one the endpoint was named with.
    """
    try:
        with anyio.fail_after(timeout_s):
            return await _probe(client, timeout_s, now, model or client.spec.model, require_enforcement)
    except TimeoutError:
        return Refused(client.spec, f"the probe took more than {timeout_s:g} s", final=False)
    except EndpointError as fault:
        return Refused(client.spec, str(fault), final=not fault.retryable)


async def _probe(
    client: EndpointClient, timeout_s: float, now: Callable[[], float], model: str | None, required: bool
) -> EndpointFacts | Refused:
    identity = await _identify(client, timeout_s)
    listing = await _models(client, timeout_s)
    known = tuple(listing)
    chosen = model or known[0]
    if chosen not in listing:
        return Refused(client.spec, _no_such_model(chosen, known), final=True)
    facts = EndpointFacts(
        base_url=client.spec.url,
        kind=identity.kind,
        server_version=identity.version,
        model=chosen,
        models=known,
        context_tokens=identity.context_tokens or listing[chosen],
        slots=identity.slots,
        dialect=_DIALECTS[identity.kind],
        enforces=False,
        simulated=identity.simulated,
    )
    return await _with_enforcement(client, facts, timeout_s, now, required)


async def _identify(client: EndpointClient, timeout_s: float) -> Identity:
    """What the server says, or, where it says nothing, what the user says it is."""
    kind = client.spec.kind
    found: Identity | None = None
    if kind != "llamacpp":
        found = await vllm.identify(client, timeout_s=timeout_s)
    if found is None and kind != "vllm":
        found = await llamacpp.identify(client, timeout_s=timeout_s)
    return found or Identity(kind="llamacpp" if kind == "llamacpp" else "vllm", version="unknown")


async def _models(client: EndpointClient, timeout_s: float) -> dict[str, int | None]:
    """Model ids in the server's order, with the context length where it is told. Never empty."""
    try:
        listing = orjson.loads(await client.get("/v1/models", timeout_s=timeout_s))
        entries = listing["data"]
        models = {entry["id"]: _context_tokens(entry) for entry in entries if isinstance(entry["id"], str)}
    except (ValueError, TypeError, LookupError) as error:
        raise BadResponse(
            "its list of models (/v1/models) is not one",
            where=client.spec.url,
            fix="Is this an OpenAI-compatible server?",
        ) from error
    if not models:
        raise NotServed("it serves no model", where=client.spec.url, fix="Load one.")
    return models


def _context_tokens(entry: dict[str, object]) -> int | None:
    """vLLM's `max_model_len`, or llama-server's `meta.n_ctx`."""
    meta = entry.get("meta")
    told = entry.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, dict) else None)
    return told if isinstance(told, int) else None


def _no_such_model(asked: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(asked, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It serves {', '.join(map(repr, known[:5]))}."
    return f"it does not serve {asked!r}. {hint}"


async def _with_enforcement(
    client: EndpointClient, facts: EndpointFacts, timeout_s: float, now: Callable[[], float], required: bool
) -> EndpointFacts | Refused:
    latency_s = 0.0
    try:
        completion = await complete(_greeting(timeout_s), facts, client, now)
    except NotServed:
        raise
    except RequestRefused as fault:
        broken: str | None = f"it refuses a request with a grammar: {fault}"
    else:
        broken = _how_it_broke_the_grammar(completion)
        latency_s = completion.latency_s
    if broken and required:
        return Refused(client.spec, f"{broken} {_ADVICE}", final=True)
    metrics = await _has_metrics(client, timeout_s)
    notes = tuple(filter(None, (broken, None if metrics else _no_metrics(facts))))
    return replace(facts, enforces=not broken, latency_s=latency_s, metrics=metrics, notes=notes)


_ADVICE = "Serve the model with vLLM 0.12 or later, or with llama.cpp's llama-server."


def _greeting(timeout_s: float) -> Request:
    return Request(
        conversation_id="probe",
        stage="probe",
        messages=(Message("user", "Say hello."),),
        sampling=Sampling(max_tokens=_MAX_TOKENS, temperature=0.0),
        timeout_s=timeout_s,
        grammar=OddWordGrammar(),
    )


def _how_it_broke_the_grammar(completion: Completion) -> str | None:
    """None if the answer is what the grammar allows."""
    text = completion.text.strip()
    if text == ODD_WORD:
        return None
    if not text and completion.finish_reason == "length":
        return f"it spent all of {_MAX_TOKENS} tokens on reasoning before the answer began."
    return f"it ignores the grammar: only {ODD_WORD!r} was allowed, and it answered {text[:80]!r}."


async def _has_metrics(client: EndpointClient, timeout_s: float) -> bool:
    try:
        return b"# TYPE" in await client.get("/metrics", timeout_s=timeout_s)
    except EndpointError:
        return False


def _no_metrics(facts: EndpointFacts) -> str | None:
    return "no /metrics: start llama-server with --metrics." if facts.kind == "llamacpp" else None
