"""What stages share: the run's means, and one stage's dialogue with the model about one conversation."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import ceil
from typing import Any

from funcdex.dedup.protocol import Guard
from funcdex.off_loop import off_loop, off_loop_if_long
from funcdex.settings.sampling import SamplingSettings
from funcdex.settings.tree import Settings
from funcdex.stages.grammars import Grammars
from funcdex.stages.plan import bundle_of, shown_tools
from funcdex.stages.prompt import prompt
from funcdex.stages.runaway import Runaway, resampled, runaway_of
from funcdex.stages.tool_sets import ToolSets
from funcdex.toolkits.graph import Edge, Graph, graph_of
from funcdex.types.record import ROLES, STAGES, Draft, Part, Plan, Rejected, Stage, StageDone, TurnDone, Usage
from funcdex.types.request import Completion, Generate, Grammar, Message, NativeChat, Request, Sampling
from funcdex.types.tools import Bundle, Tool

MAX_SEED = 2**31 - 1
"""llama.cpp takes 32 bits."""

_CHARS_PER_TOKEN = 4


def no_note(event: str, told: Mapping[str, object]) -> None:
    """Where there is no log."""


async def no_checkpoint(turn: TurnDone) -> None:
    """Where nothing is resumed."""


@dataclass(frozen=True, slots=True)
class Context:
    """The means of a run. `bundles` are those its plans were made with.

    `guard` keeps scenarios distinct, `conversations` what is written from them, if that is asked for. `note`
    puts an event in the run's log. `checkpoint` returns when a turn is durable. `links` are edges that the
    names of tools do not tell, by bundle.
    """

    generate: Generate
    settings: Settings
    bundles: Sequence[Bundle]
    guard: Guard
    tool_sets: ToolSets
    grammars: Grammars
    conversations: Guard | None = None
    note: Callable[[str, Mapping[str, object]], None] = no_note
    checkpoint: Callable[[TurnDone], Awaitable[None]] = no_checkpoint
    links: Mapping[str, tuple[Edge, ...]] = field(default_factory=dict)

    def graph(self, plan: Plan) -> Graph:
        """What feeds what among all tools of the plan's bundle."""
        bundle = bundle_of(plan, self.bundles)
        return graph_of(bundle, self.links.get(bundle.name, ()))

    def candidates(self, plan: Plan) -> tuple[Tool, ...]:
        """The tools a conversation may need: all of its bundle, or some where they are too many."""
        return self.tool_sets.candidates(plan, dice(plan, "candidates"))

    def shown(self, draft: Draft) -> tuple[Tool, ...]:
        """The tools that the writer of this conversation sees, in the order it sees them."""
        return shown_tools(draft, self.bundles)


def dice(plan: Plan, purpose: str) -> random.Random:
    """Randomness of one conversation for one purpose; what its siblings do changes nothing of it."""
    return random.Random(f"{plan.seed}:{purpose}")


@dataclass(frozen=True, slots=True)
class Voter:
    """Who should answer a question that is put to several: `rather` a model or a URL, none of the URLs in
    `avoid` if there are others, and at no lower temperature than this."""

    rather: str | None = None
    avoid: Collection[str] = ()
    temperature: float = 0.0


_ANYONE = Voter()


@dataclass(slots=True)
class Dialogue:
    """One stage asking the model about one conversation: numbers the samples, keeps the bill.

    `runaway` is what the latest sample was, `spent_tokens` what all of them took.
    """

    context: Context
    draft: Draft
    stage: Stage
    usage: list[Usage] = field(default_factory=list)
    runaway: Runaway | None = None
    spent_tokens: int = 0
    _runaways: list[Runaway] = field(default_factory=list)
    _of_no_use: set[str] = field(default_factory=set)

    def go_on_from(self, usage: Sequence[Usage]) -> None:
        """Takes up what was asked for this stage before the run was stopped, with its bill."""
        self.usage += usage
        self.spent_tokens += sum(one.completion_tokens for one in usage)

    async def ask(
        self,
        name: str,
        *,
        grammar: Grammar | None = None,
        max_tokens: int | None = None,
        of: Voter = _ANYONE,
        part: Part | Stage | None = None,
        history: Sequence[Message] | None = None,
        native: Callable[[str], NativeChat] | None = None,
        **values: Any,
    ) -> Completion:
        """One sample for the prompt `name`, of no more than `max_tokens`. `part`: whose words these are,
        where the name does not say it. `history` stands in place of the prompt's user part; `native` makes
        the chat that is sent of its system part.

        Each call of one dialogue has a seed of its own, and samples otherwise after a runaway answer.
        """
        template, plan = prompt(name), self.draft.plan
        purpose = f"{self.stage}:{len(self.usage)}"
        messages = template.messages(**values)
        request = Request(
            conversation_id=plan.id,
            stage=part or (name if name in ROLES else self.stage),
            messages=() if native else messages if history is None else (messages[0], *history),
            sampling=_at_least(
                self._sampling(name, dice(plan, purpose).randrange(MAX_SEED), max_tokens), of.temperature
            ),
            timeout_s=getattr(self.context.settings.sampling, name).timeout_s,
            grammar=grammar,
            priority=STAGES.index(self.stage),
            avoid=frozenset(self._of_no_use).union(of.avoid),
            rather=of.rather,
            native=native(messages[0].content) if native else None,
        )
        completion = await self.context.generate(request)
        self.usage.append(_usage(name, template.version, request.sampling, completion))
        await self._look_at(completion)
        return completion

    async def ask_text(self, name: str, **values: Any) -> str | None:
        """A whole answer in prose; None if every sample was empty or broken off."""
        for _ in range(self.context.settings.generation.max_stage_retries + 1):
            completion = await self.ask(name, **values)
            text = completion.text.strip()
            if text and completion.finish_reason == "stop" and self.runaway is None:
                return text
        return None

    def unanswered(self, what: str) -> Rejected:
        """The end of a conversation for which no sample of `what` was whole."""
        return self.rejected(self.runaway or "no_answer", f"no sample of {what} was whole; {self.bill}")

    @property
    def bill(self) -> str:
        """How many samples and tokens it took, for the detail of a rejection."""
        return f"{len(self.usage)} samples of {self.spent_tokens} tokens in all"

    def done(self, **value: Any) -> StageDone:
        """The stage's result."""
        return StageDone(self.draft.plan.id, self.stage, value, tuple(self.usage))

    def rejected(self, reason: str, detail: str = "", **value: Any) -> Rejected:
        """The end of this conversation; `value` is what there is of it."""
        return Rejected(self.draft.plan.id, self.stage, reason, detail, tuple(self.usage), value)

    async def _look_at(self, completion: Completion) -> None:
        estimated = ceil(len(completion.text) / _CHARS_PER_TOKEN)
        self.spent_tokens += completion.completion_tokens or estimated
        self.runaway = await _runaway_of(completion.text, completion.finish_reason)
        if self.runaway or completion.finish_reason != "stop":
            # Perhaps its context is short now, or it has a filter that others have not.
            self._of_no_use.add(completion.endpoint)
        if self.runaway:
            self._runaways.append(self.runaway)

    def _sampling(self, name: str, seed: int, max_tokens: int | None) -> Sampling:
        chosen = getattr(self.context.settings.sampling, name)
        sampling = resampled(sampling_of(chosen, seed), self._runaways)
        return replace(sampling, max_tokens=min(sampling.max_tokens, max_tokens or sampling.max_tokens))


async def _runaway_of(text: str, finish_reason: str) -> Runaway | None:
    """Off the loop only where it takes longer than handing it over."""
    if finish_reason == "length":
        return await off_loop(runaway_of, text, finish_reason)
    return await off_loop_if_long(len(text), runaway_of, text, finish_reason)


def sampling_of(chosen: SamplingSettings, seed: int) -> Sampling:
    """A stage's sampling, for one sample."""
    return Sampling(
        max_tokens=chosen.max_tokens,
        temperature=chosen.temperature,
        top_p=chosen.top_p,
        top_k=chosen.top_k,
        min_p=chosen.min_p,
        seed=seed,
    )


def _at_least(sampling: Sampling, temperature: float) -> Sampling:
    """No cooler than that; what is left to the server stays so."""
    if sampling.temperature is None or sampling.temperature >= temperature:
        return sampling
    return replace(sampling, temperature=temperature)


def _usage(name: str, version: str, sampling: Sampling, completion: Completion) -> Usage:
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
        sampling={knob: value for knob in _KNOBS if (value := getattr(sampling, knob)) is not None},
    )


_KNOBS = tuple(one.name for one in fields(Sampling))
