"""What is sent: the prompts that a run writes conversations with, and the grammars of the tools they show.

A load test writes no scenarios first. Situation, user and plan are either those of a run (`cases_of_run`) or
put together from the tools' own descriptions, about as long as a model's (`cases_of`).
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from funcdex.bench.result import Assumptions, Constraint
from funcdex.errors import ConfigError
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.order import order_to_resume
from funcdex.rundir.reading import journal_items
from funcdex.settings.tree import Settings
from funcdex.stages.context import MAX_SEED, dice, sampling_of
from funcdex.stages.conversation import prompt_values
from funcdex.stages.grammars import grammar_of
from funcdex.stages.kinds import Form, form_of
from funcdex.stages.plan import plan_at, plan_of, shown_tools
from funcdex.stages.prompt import prompt
from funcdex.toolkits.select import choose_shown, sample_tools
from funcdex.types.record import Accepted, Draft, Rejected, StageDone
from funcdex.types.request import Dialect, Request
from funcdex.types.tools import Bundle, Tool

_ToolSet = frozenset[tuple[str, str]]

_TOOLS_NEEDED = 3
_SENTENCES = (
    "There is some time pressure, because others wait for the outcome and ask for it every now and then.",
    "Not everything that is needed is known at the start, and one detail changes along the way.",
    "In the end everything has to be in order, and the person wants to hear in plain words what was done.",
)
_PERSONA = (
    "A person in their thirties who runs a small office. Writes in short sentences, is friendly and a little "
    "hurried, knows what they want but not how the software calls it, and asks back when an answer is vague."
)


@dataclass(frozen=True, slots=True)
class Case:
    """What one conversation is written about, with which tools."""

    draft: Draft
    tools: tuple[Tool, ...]


@dataclass(slots=True)
class Work:
    """Requests and their grammars; `cases` are used in turn. Everything here takes milliseconds of CPU."""

    cases: Sequence[Case]
    settings: Settings
    _grammars: dict[tuple[Constraint, _ToolSet, Form], TreeGrammar] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The same for the same prompts and sampling."""
        bodies = (f"{one.messages}{one.sampling}" for one in self.requests("none", len(self.cases), ""))
        return hashlib.sha256("\n".join(bodies).encode()).hexdigest()[:16]

    @property
    def tool_sets(self) -> int:
        """How many sets of tools are shown."""
        return len(self.one_of_each_set())

    def requests(self, constraint: Constraint, count: int, mark: str, start: int = 0) -> Iterator[Request]:
        """`count` requests from the case `start` on: under each constraint the same, but for the grammar.

        `mark` stands in the situation, so that no server answers from its memory of another round, while the
        tools before it are what it knows already, as in a run.
        """
        for index in range(start, start + count):
            yield self.request(self.cases[index % len(self.cases)], constraint, f"{mark}{index}", index)

    def request(self, case: Case, constraint: Constraint, mark: str, index: int = 0) -> Request:
        """One request."""
        sampling = self.settings.sampling.conversation
        draft = replace(case.draft, scenario=f"(case {mark}) {case.draft.scenario}")
        generation = self.settings.generation
        values = prompt_values(draft, case.tools, generation, form_of(draft, generation))
        seed = dice(draft.plan, f"bench:{index}").randrange(MAX_SEED)
        return Request(
            conversation_id=f"{draft.plan.id}/{mark}",
            stage="conversation",
            messages=prompt("conversation").messages(**values),
            sampling=sampling_of(sampling, seed),
            timeout_s=sampling.timeout_s,
            grammar=self.grammar(case, constraint),
        )

    def grammar(self, case: Case, constraint: Constraint) -> TreeGrammar | None:
        """That of a set of tools and the form that the case's kind has, made once."""
        if constraint == "none":
            return None
        form = form_of(case.draft, self.settings.generation)
        key = constraint, _set_of(case.tools), form
        if key not in self._grammars:
            generation = self.settings.generation.model_copy(update={"level": constraint})
            self._grammars[key] = grammar_of(case.tools, generation, form)
        return self._grammars[key]

    def one_of_each_set(self) -> list[Case]:
        """The first case of each set of tools."""
        return list({_set_of(one.tools): one for one in reversed(self.cases)}.values())

    def _one_of_each_grammar(self) -> list[Case]:
        forms = {
            (_set_of(one.tools), form_of(one.draft, self.settings.generation)): one for one in self.cases
        }
        return list(forms.values())

    def render(self, constraints: Sequence[Constraint], dialects: Sequence[Dialect]) -> None:
        """Makes every grammar's text, so that none is made while the clock runs."""
        for case in self._one_of_each_grammar():
            for constraint in constraints:
                if grammar := self.grammar(case, constraint):
                    for dialect in dialects:
                        grammar.render(dialect)

    def never_sent(self, index: int, nonce: str) -> Case:
        """A case with a set of tools that no server has seen: one of them has a name of its own."""
        case = self.cases[index % len(self.cases)]
        first, *others = case.tools
        return replace(case, tools=(replace(first, name=f"{first.name}_{nonce}"[-64:]), *others))


def _set_of(tools: Sequence[Tool]) -> _ToolSet:
    return frozenset((tool.toolkit, tool.name) for tool in tools)


def cases_of(settings: Settings, bundles: Sequence[Bundle], count: int, tool_sets: int) -> list[Case]:
    """So many cases, with so many sets of tools in turn. All of it follows from the seed."""
    sets = [_tool_set(index, settings, bundles) for index in range(1, min(count, tool_sets) + 1)]
    return [_case(index, settings, bundles, *sets[(index - 1) % len(sets)]) for index in range(1, count + 1)]


def cases_of_run(path: Path) -> tuple[list[Case], Settings, Assumptions]:
    """The conversations of a run, its settings, and what it tells of a projection. Raises ConfigError if none
    came so far that it could be written, and CheckpointError."""
    order = order_to_resume(path)
    drafts: dict[str, Draft] = {}
    ends: Counter[str] = Counter()
    for entry in journal_items(order.run):
        if isinstance(entry, StageDone):
            draft = drafts.get(entry.id) or Draft(plan_of(entry.id, order.settings, order.bundles))
            drafts[entry.id] = draft.after(entry)
        elif isinstance(entry, Accepted | Rejected):
            ends["accepted" if isinstance(entry, Accepted) else "rejected"] += 1
    cases = [Case(one, shown_tools(one, order.bundles)) for one in drafts.values() if one.shown]
    if not cases:
        raise ConfigError("no conversation of it has its tools yet", where=str(path), fix="Let it run on.")
    return cases, order.settings, _learned(drafts, ends, path)


def _learned(drafts: dict[str, Draft], ends: Counter[str], path: Path) -> Assumptions:
    written = [draft for draft in drafts.values() if draft.dml]
    settled = ends.total()
    if not written or not settled:
        return Assumptions()
    own = ("conversation", "correction")
    usage = [used for draft in written for used in draft.usage]
    others = sum(used.completion_tokens for used in usage if used.stage not in own)
    return Assumptions(
        accepted_share=max(ends["accepted"], 1) / settled,
        samples=sum(used.stage in own for used in usage) / len(written),
        other_tokens=others / len(written),
        source=f"{settled} conversations of {path}",
    )


def _tool_set(
    index: int, settings: Settings, bundles: Sequence[Bundle]
) -> tuple[tuple[Tool, ...], tuple[Tool, ...]]:
    """The tools shown, and those of them that the conversation needs."""
    plan, generation = plan_at(index, settings, bundles), settings.generation
    bundle = bundles[(index - 1) % len(bundles)]
    rng = dice(plan, "bench tools")
    needed = _some(sample_tools(bundle.tools, generation.max_tools, rng), rng)
    names = [tool.name for tool in needed]
    shown = choose_shown(bundle.tools, names, generation.distractor_tools, generation.max_tools, rng)
    return shown, tuple(tool for tool in shown if tool.name in names)


def _some(tools: Sequence[Tool], rng: random.Random) -> list[Tool]:
    return rng.sample(list(tools), min(_TOOLS_NEEDED, len(tools)))


def _case(
    index: int, settings: Settings, bundles: Sequence[Bundle], shown: tuple[Tool, ...], needed: Sequence[Tool]
) -> Case:
    tasks = [f"{tool.description.split('. ')[0].strip().rstrip('.')}" for tool in needed]
    scenario = " ".join(
        [f"Someone has work to do that comes down to this: {'; then '.join(tasks)}.", *_SENTENCES]
    )
    outline = "\n".join(
        f"{place}. The user asks for the next thing, and the assistant calls {tool.name} with what the user "
        "said, or asks for what is missing. It tells the user what came of it, with the figures returned."
        for place, tool in enumerate(needed, 1)
    )
    plan = replace(plan_at(index, settings, bundles), kind="happy_path", variant="")
    return Case(Draft(plan, scenario=scenario, persona=_PERSONA, outline=outline), shown)
