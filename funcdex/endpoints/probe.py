"""Asks an endpoint what it is, which model it serves, and in which dialect it enforces a grammar."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

import anyio
import orjson

from funcdex.endpoints.enforcement import what_else, why_not, with_dialect
from funcdex.endpoints.facts import EndpointFacts, Identity, Refused, ServerKind
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.servers import GUESSES, SERVERS, identify
from funcdex.errors import BadResponse, EndpointError, NotServed
from funcdex.types.request import Dialect


async def probe(
    client: EndpointClient,
    *,
    timeout_s: float,
    now: Callable[[], float],
    model: str | None = None,
    require_enforcement: bool = True,
    ask_for_grammar: bool = True,
) -> EndpointFacts | Refused:
    """What the endpoint is, or why it cannot be used. Raises no EndpointError.

    `timeout_s` is for all of it. `model` replaces the one the endpoint was named with. Without
    `ask_for_grammar` it is asked for no completion, and any server that lists its models will do.
    """
    required = require_enforcement and ask_for_grammar
    try:
        with anyio.fail_after(timeout_s):
            chosen = model or client.spec.model
            return await _probe(client, timeout_s, now, chosen, required, ask_for_grammar)
    except TimeoutError:
        return Refused(client.spec, f"the probe took more than {timeout_s:g} s", final=False)
    except EndpointError as fault:
        return Refused(client.spec, str(fault), final=not fault.retryable)


async def _probe(
    client: EndpointClient,
    timeout_s: float,
    now: Callable[[], float],
    model: str | None,
    required: bool,
    asked: bool,
) -> EndpointFacts | Refused:
    told = await identify(client, client.spec.kind, timeout_s=timeout_s)
    identity = told or Identity(kind=GUESSES[0], version="unknown")
    listing = await _models(client, timeout_s)
    chosen = _served(model, tuple(listing), identity, client.spec.url)
    notations = _notations(GUESSES if told is None else (told.kind,), client.spec.dialect)
    if identity.simulated:
        # Its engine is llguidance, which wants its input in lexemes.
        notations.sort(key=lambda notation: notation[1] != "lark")
    facts = EndpointFacts(
        base_url=client.spec.url,
        kind=identity.kind,
        server_version=identity.version,
        model=chosen,
        models=tuple(listing),
        context_tokens=_told(identity.context_tokens) or _told(listing.get(chosen)),
        slots=_told(identity.slots),
        dialect=notations[0][1],
        enforces=False,
        simulated=identity.simulated,
    )
    if asked:
        facts = await with_dialect(client, facts, notations, timeout_s=timeout_s, now=now)
    if required and not facts.enforces:
        advice = _ONLY_ONE_TRIED if client.spec.dialect else _ADVICE
        reason, tried = f"{why_not(facts)} {advice}", facts.passed_over
        may_pass = any(attempt.may_pass for attempt in tried)
        return Refused(client.spec, reason, final=not may_pass, passed_over=tried)
    metrics = await _has_metrics(client, timeout_s)
    grammar_note = what_else(facts) if facts.enforces else why_not(facts)
    metrics_note = None if metrics else SERVERS[facts.kind].WITHOUT_METRICS
    notes = (grammar_note if asked else None, metrics_note)
    return replace(facts, metrics=metrics, notes=tuple(filter(None, notes)))


def _told(count: int | None) -> int | None:
    """A number of tokens or slots; None for one that none can be."""
    return count if count is not None and 0 < count < _TOO_MANY else None


_TOO_MANY = 2**31
_ADVICE = "Serve the model with vLLM 0.12 or later, SGLang, or llama.cpp's llama-server."
_ONLY_ONE_TRIED = "Leave out ;dialect= and grammar.dialect, and every one is tried."


def _notations(kinds: tuple[ServerKind, ...], only: Dialect | None) -> list[tuple[ServerKind, Dialect]]:
    """What to try, in order. A dialect that the user names is the only one."""
    return [(kind, dialect) for kind in kinds for dialect in ((only,) if only else SERVERS[kind].DIALECTS)]


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
    """`max_model_len` (vLLM, SGLang), `meta.n_ctx` (llama-server) or `context_length` (Fireworks)."""
    meta = entry.get("meta")
    places = (
        entry.get("max_model_len"),
        meta.get("n_ctx") if isinstance(meta, dict) else None,
        entry.get("context_length"),
    )
    return next((told for told in places if isinstance(told, int)), None)


def _served(asked: str | None, known: tuple[str, ...], identity: Identity, where: str) -> str:
    """The model to ask for. Raises NotServed."""
    if asked is None:
        if identity.lists_all_models:
            return known[0]
        raise NotServed("it serves many models, and none is named", where=where, fix="Name one: ;model=...")
    if asked in known or not identity.lists_all_models:
        return asked
    near = difflib.get_close_matches(asked, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It serves {', '.join(map(repr, known[:5]))}."
    raise NotServed(f"it does not serve {asked!r}", where=where, fix=hint)


async def _has_metrics(client: EndpointClient, timeout_s: float) -> bool:
    try:
        return b"# TYPE" in await client.get("/metrics", timeout_s=timeout_s)
    except EndpointError:
        return False
