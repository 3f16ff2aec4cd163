"""What is the matter with each endpoint, and what to change."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from funcdex.endpoints.facts import Attempt, EndpointFacts
from funcdex.errors import ConfigError
from funcdex.pool.joining import Candidate
from funcdex.pool.member import DEFAULT_IN_FLIGHT
from funcdex.serving import probed_endpoints
from funcdex.settings.tree import Settings

SMALL_CONTEXT_TOKENS = 16_384
"""Tool definitions and a long conversation do not fit into much less."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One endpoint. `facts` is None if it cannot be used."""

    url: str
    facts: EndpointFacts | None
    advice: tuple[str, ...]
    passed_over: tuple[Attempt, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a run would use it."""
        return self.facts is not None

    def as_row(self) -> dict[str, object]:
        """The columns of the table."""
        facts = self.facts
        if facts is None:
            return dict.fromkeys(_COLUMNS) | {"endpoint": self.url, "usable": "no"}
        return {
            "endpoint": self.url,
            "usable": "yes",
            "server": f"{facts.kind} {facts.server_version}" + (" (simulated)" if facts.simulated else ""),
            "model": facts.model,
            "context": facts.context_tokens,
            "dialect": facts.dialect,
            "enforced": "yes" if facts.enforces else "no",
            "slots": facts.slots,
            "metrics": "yes" if facts.metrics else "no",
            "latency_s": round(facts.latency_s, 3),
        }

    def as_json(self) -> dict[str, object]:
        """The columns, the notations that were tried in vain with what each answered, and the advice."""
        tried = [asdict(attempt) for attempt in self.passed_over]
        return {**self.as_row(), "passed_over": tried, "advice": list(self.advice)}


_COLUMNS = (
    "endpoint",
    "usable",
    "server",
    "model",
    "context",
    "dialect",
    "enforced",
    "slots",
    "metrics",
    "latency_s",
)


async def examine(settings: Settings) -> list[Finding]:
    """A finding per endpoint, in order. Raises ConfigError if none is named."""
    if not settings.endpoints:
        raise ConfigError("no endpoint is named", where="--endpoints", fix="Name base URLs, or `sim`.")
    async with probed_endpoints(settings, one_is_needed=False) as candidates:
        return [_finding(candidate) for candidate in candidates]


def _finding(candidate: Candidate) -> Finding:
    found, url = candidate.found, candidate.client.spec.url
    if not isinstance(found, EndpointFacts):
        return Finding(url, None, (found.reason,), found.passed_over)
    advice = list(found.notes)
    if found.context_tokens is not None and found.context_tokens < SMALL_CONTEXT_TOKENS:
        advice.append(
            f"its context of {found.context_tokens} tokens is short for tools and a conversation: serve with "
            f"{SMALL_CONTEXT_TOKENS} or more (vLLM --max-model-len; SGLang --context-length; llama-server "
            "-c, shared by its slots)."
        )
    if found.slots is None and candidate.client.spec.max_in_flight is None:
        advice.append(
            f"it does not tell its slots; a run begins with {DEFAULT_IN_FLIGHT} requests and finds out "
            "how many it works on best (;max_in_flight=N fixes a number)."
        )
    return Finding(url, found, tuple(advice), found.passed_over)
