"""Finds a dialect that an endpoint really enforces: the best one is tried first, and usually is the only one.

A server may take a grammar, answer 200 and ignore it (vLLM does so with a field it has dropped), or read only
half of a notation. So each attempt asks for a greeting under a grammar that no model would greet with
(`probe_grammar.py`), and only such an answer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from funcdex.endpoints.client import complete
from funcdex.endpoints.facts import Attempt, EndpointFacts, ServerKind
from funcdex.endpoints.http import EndpointClient
from funcdex.endpoints.probe_grammar import ODD_WORD, ProbeGrammar
from funcdex.errors import EndpointError, NotServed, RequestRefused, ServerFault
from funcdex.types.request import Completion, Dialect, Message, Request, Sampling

# A reasoning model thinks before the grammar begins.
_MAX_TOKENS = 1024
_GRAMMAR = ProbeGrammar()


async def with_dialect(
    client: EndpointClient,
    facts: EndpointFacts,
    notations: Iterable[tuple[ServerKind, Dialect]],
    *,
    timeout_s: float,
    now: Callable[[], float],
) -> EndpointFacts:
    """The facts, with the first notation that is enforced; if none is, only `passed_over` says so.

    Raises EndpointError where the endpoint is in trouble rather than without a notation of ours.
    """
    passed_over: list[Attempt] = []
    fault: EndpointError | None = None
    for kind, dialect in notations:
        tried = replace(facts, kind=kind, dialect=dialect)
        try:
            completion = await complete(_greeting(timeout_s), tried, client, now)
        except NotServed:
            raise
        except (RequestRefused, ServerFault) as error:
            # A grammar that a server cannot read ends in a 500 on some.
            fault = error
            passed_over.append(Attempt(kind, dialect, error.what, may_pass=error.retryable))
            continue
        facts = replace(facts, latency_s=completion.latency_s)
        if _GRAMMAR.allows(completion.text.strip()):
            facts = replace(facts, kind=kind, dialect=dialect, enforces=True)
            break
        passed_over.append(Attempt(kind, dialect, _instead(completion)))
        if _only_reasoned(completion):
            break  # It would in any notation.
    if fault and not facts.enforces and all(attempt.may_pass for attempt in passed_over):
        raise fault
    return replace(facts, passed_over=tuple(passed_over))


def _greeting(timeout_s: float) -> Request:
    return Request(
        conversation_id="probe",
        stage="probe",
        messages=(Message("user", "Say hello."),),
        sampling=Sampling(max_tokens=_MAX_TOKENS, temperature=0.0),
        timeout_s=timeout_s,
        grammar=_GRAMMAR,
    )


def _only_reasoned(completion: Completion) -> bool:
    return not completion.text.strip() and completion.finish_reason == "length"


def _instead(completion: Completion) -> str:
    if _only_reasoned(completion):
        return f"it spent all of {_MAX_TOKENS} tokens on reasoning before the answer began"
    return f"it answered {completion.text.strip()[:80]!r}"


def why_not(facts: EndpointFacts) -> str:
    """In a sentence or two, why an endpoint enforces no grammar: what was tried, and what each answered."""
    attempts = facts.passed_over
    all_refused = all(attempt.outcome.startswith("HTTP ") for attempt in attempts)
    what = "it refuses grammars" if all_refused else "it ignores the grammar"
    tried = "; ".join(map(str, attempts))
    return f"{what}: {ODD_WORD!r} was asked for. {tried}."


def what_else(facts: EndpointFacts) -> str | None:
    """For the user, what was tried before the dialect that is enforced; None if that was the first."""
    if not facts.passed_over:
        return None
    tried = "; ".join(map(str, facts.passed_over))
    return f"grammars are sent as {facts.dialect}, because better ones are not enforced: {tried}."
