"""A load test as a whole: endpoints probed, the sweep run, and the result of what there is, also if it was
broken off."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from funcdex import __version__
from funcdex.bench.load import Target
from funcdex.bench.metrics import Limits
from funcdex.bench.result import Assumptions, Endpoint, Result, Setup
from funcdex.bench.sweep import Asked, Sweep
from funcdex.bench.work import Work
from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.errors import ConfigError
from funcdex.off_loop import share_fairly
from funcdex.pool.joining import Candidate
from funcdex.serving import probed_endpoints

_FIX = "Name base URLs, or `sim`."


@dataclass(slots=True)
class Measurement:
    """`run` measures, `result` is what was measured so far. `source` says whose prompts `work` has."""

    work: Work
    asked: Asked
    source: str
    limits: Limits
    assumptions: Assumptions
    tell: Callable[[str], None]
    _sweep: Sweep | None = field(default=None, init=False)
    _notes: list[str] = field(default_factory=list, init=False)

    async def run(self) -> None:
        """Raises ConfigError, and NoEndpointAvailable. An endpoint that cannot be used is left out."""
        if not self.work.settings.endpoints:
            raise ConfigError("no endpoint is named", where="--endpoints", fix=_FIX)
        share_fairly()
        constrained = self.asked.constraints != ("none",)
        endpoints = probed_endpoints(self.work.settings, one_is_needed=True, ask_for_grammar=constrained)
        async with endpoints as candidates:
            targets = [target for candidate in candidates if (target := self._target(candidate))]
            self._sweep = Sweep(self.work, targets, self.asked, self.tell)
            await self._sweep.run()

    def result(self) -> Result | None:
        """None before the first round."""
        if self._sweep is None or not self._sweep.rounds:
            return None
        constrained = self.asked.constraints != ("none",)
        return Result(
            setup=self._setup(),
            endpoints=[_endpoint(target.facts, constrained) for target in self._sweep.targets],
            rounds=self._sweep.rounds,
            first_uses=self._sweep.first_uses,
            notes=[*self._notes, *self._sweep.notes],
        )

    def _target(self, candidate: Candidate) -> Target | None:
        if isinstance(candidate.found, Refused):
            note = f"left out: {candidate.found.spec.url}: {candidate.found.reason}"
            self._notes.append(note)
            self.tell(note)
            return None
        return Target(candidate.client, candidate.found)

    def _setup(self) -> Setup:
        settings = self.work.settings
        return Setup(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            funcdex=__version__,
            client=_client(),
            source=self.source,
            prompts=self.work.digest,
            constraints=self.asked.constraints,
            requests=self.asked.requests,
            repeats=self.asked.repeats,
            tool_sets=self.work.tool_sets,
            max_tokens=settings.sampling.conversation.max_tokens,
            seed=settings.seed,
            limits=self.limits,
            assumptions=self.assumptions,
        )


def _endpoint(facts: EndpointFacts, constrained: bool) -> Endpoint:
    return Endpoint(
        url=facts.base_url,
        kind=facts.kind,
        version=facts.server_version,
        model=facts.model,
        context_tokens=facts.context_tokens,
        slots=facts.slots,
        dialect=facts.dialect if constrained else None,
        simulated=facts.simulated,
    )


def _client() -> str:
    python = platform.python_version()
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {python}"
