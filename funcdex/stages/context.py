"""What stages share: the run's means, and one stage's dialogue with the model about one conversation."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from funcdex.dedup.guard import ScenarioGuard
from funcdex.settings.tree import Settings
from funcdex.stages.plan import bundle_of, shown_tools
from funcdex.stages.prompt import prompt
from funcdex.toolkits.select import sample_tools
from funcdex.types.record import STAGES, Draft, Plan, Rejected, Stage, StageDone, Usage
from funcdex.types.request import Completion, Generate, Grammar, Request, Sampling
from funcdex.types.tools import Bundle, Tool

MAX_SEED = 2**31 - 1
"""llama.cpp takes 32 bits."""


@dataclass(frozen=True, slots=True)
class Context:
    """The means of a run. `bundles` are those its plans were made with."""

    generate: Generate
    settings: Settings
    bundles: Sequence[Bundle]
    guard: ScenarioGuard

    def candidates(self, plan: Plan) -> tuple[Tool, ...]:
        """The tools a conversation may need: all of its bundle, or a sample where they are too many."""
        most = self.settings.generation.max_tools
        return sample_tools(bundle_of(plan, self.bundles), most, dice(plan, "candidates"))

    def shown(self, draft: Draft) -> tuple[Tool, ...]:
        """The tools that the writer of this conversation sees, in the order it sees them."""
        return shown_tools(draft, self.bundles)


def dice(plan: Plan, purpose: str) -> random.Random:
    """Randomness of one conversation for one purpose; what its siblings do changes nothing of it."""
    return random.Random(f"{plan.seed}:{purpose}")


@dataclass(slots=True)
class Dialogue:
    """One stage asking the model about one conversation: numbers the samples, keeps the bill."""

    context: Context
    draft: Draft
    stage: Stage
    usage: list[Usage] = field(default_factory=list)

    async def ask(self, name: str, *, grammar: Grammar | None = None, **values: Any) -> Completion:
        """One sample for the prompt `name`; each call of one dialogue has a seed of its own."""
        template, plan = prompt(name), self.draft.plan
        purpose = f"{self.stage}:{len(self.usage)}"
        request = Request(
            conversation_id=plan.id,
            stage=self.stage,
            messages=template.messages(**values),
            sampling=self._sampling(name, dice(plan, purpose).randrange(MAX_SEED)),
            timeout_s=getattr(self.context.settings.sampling, name).timeout_s,
            grammar=grammar,
            priority=STAGES.index(self.stage),
        )
        completion = await self.context.generate(request)
        self.usage.append(_usage(name, template.version, completion))
        return completion

    async def ask_text(self, name: str, **values: Any) -> str | None:
        """A whole answer in prose; None if every sample was empty or broken off."""
        for _ in range(self.context.settings.generation.max_stage_retries + 1):
            completion = await self.ask(name, **values)
            text = completion.text.strip()
            if text and completion.finish_reason == "stop":
                return text
        return None

    def done(self, **value: Any) -> StageDone:
        """The stage's result."""
        return StageDone(self.draft.plan.id, self.stage, value, tuple(self.usage))

    def rejected(self, reason: str, detail: str = "") -> Rejected:
        """The end of this conversation."""
        return Rejected(self.draft.plan.id, self.stage, reason, detail, tuple(self.usage))

    def _sampling(self, name: str, seed: int) -> Sampling:
        chosen = getattr(self.context.settings.sampling, name)
        return Sampling(
            max_tokens=chosen.max_tokens,
            temperature=chosen.temperature,
            top_p=chosen.top_p,
            top_k=chosen.top_k,
            min_p=chosen.min_p,
            seed=seed,
        )


def _usage(name: str, version: str, completion: Completion) -> Usage:
    return Usage(
        stage=name,
        prompt=version,
        endpoint=completion.endpoint,
        model=completion.model,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        reasoning_tokens=completion.reasoning_tokens,
        latency_s=round(completion.latency_s, 3),
        simulated=completion.simulated,
    )
