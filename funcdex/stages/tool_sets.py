"""Which tools a conversation may need and which it is shown, of what was planned for the run.

All of it follows from the run's seed, the bundles and the conversation's own dice: a run that is made
longer, or resumed, has the same sets, and what finishes first changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from funcdex.settings.generation import GenerationSettings
from funcdex.settings.tree import Settings
from funcdex.stages.plan import bundle_of
from funcdex.toolkits.families import Family, ToolSet, plan_families, share_out
from funcdex.toolkits.select import choose_shown, sample_tools
from funcdex.types.record import Plan
from funcdex.types.tools import Bundle, Tool


@dataclass(frozen=True, slots=True)
class ToolSets:
    """The tool sets of a run. `families` has those of each bundle; without them each conversation draws its
    own.

    `left_out`: tools, by toolkit and name in the bundle, that no conversation is shown.
    """

    generation: GenerationSettings
    bundles: Sequence[Bundle]
    families: tuple[tuple[Family, ...], ...] | None
    left_out: frozenset[tuple[str, str]] = frozenset()

    def candidates(self, plan: Plan, rng: random.Random) -> ToolSet:
        """The tools that a conversation may come to need."""
        if self.families is None:
            return sample_tools(self._left(bundle_of(plan, self.bundles)), self.generation.max_tools, rng)
        return self._family(plan).whole

    def visit(self, plan: Plan) -> int:
        """How many conversations before this one have the same candidates to choose from."""
        turn, index = divmod(plan.index - 1, len(self.bundles))
        return turn if self.families is None else turn // len(self.families[index])

    def shown(
        self,
        plan: Plan,
        needed: Sequence[str],
        rng: random.Random,
        *,
        others: int | None = None,
        withheld: Collection[str] = (),
    ) -> ToolSet:
        """The tools that a conversation is written with, which are candidates, those needed among them.

        `others`: fewest besides, where there are as many; as the settings say if None. `withheld`: names of
        tools that are not to be there. Sets without them are none of those planned; that costs no grammar as
        long as nothing is called where something is withheld.
        """
        others = self.generation.distractor_tools if others is None else others
        if self.families is None:
            tools = self._left(bundle_of(plan, self.bundles))
            there = [tool for tool in tools if tool.name not in withheld]
            return choose_shown(there, needed, others, self.generation.max_tools, rng)
        family = self._family(plan)
        for planned in (family.smallest(needed, others, rng), family.whole):
            if left := tuple(tool for tool in planned if tool.name not in withheld):
                return left
        return family.whole

    def planned(self) -> Iterator[ToolSet]:
        """Every set that a conversation can be shown; none where they are not planned."""
        for families in self.families or ():
            for family in families:
                yield from (family.whole, *family.parts)

    def largest(self) -> Iterator[ToolSet]:
        """Sets that hold every tool a conversation can be shown, none larger than a conversation's can be."""
        if self.families is not None:
            yield from (family.whole for families in self.families for family in families)
            return
        size = self.generation.max_tools
        for tools in map(self._left, self.bundles):
            yield from (tools[start : start + size] for start in range(0, len(tools), size))

    def without(self, tools: Collection[Tool]) -> ToolSets:
        """The same without tools that cannot be shown."""
        gone = self.left_out | {(tool.toolkit, tool.name) for tool in tools}
        if self.families is None:
            return replace(self, left_out=gone)
        left = (tuple(family.without(gone) for family in families) for families in self.families)
        kept = tuple(tuple(family for family in families if family.whole) for families in left)
        return replace(self, left_out=gone, families=kept)

    def empty_bundles(self) -> Iterator[Bundle]:
        """Bundles of which no tool is left to show."""
        for index, bundle in enumerate(self.bundles):
            if not (self._left(bundle) if self.families is None else self.families[index]):
                yield bundle

    def _family(self, plan: Plan) -> Family:
        assert self.families is not None
        turn, index = divmod(plan.index - 1, len(self.bundles))
        families = self.families[index]
        return families[turn % len(families)]

    def _left(self, bundle: Bundle) -> ToolSet:
        return tuple(tool for tool in bundle.tools if (tool.toolkit, tool.name) not in self.left_out)


def plan_tool_sets(settings: Settings, bundles: Sequence[Bundle]) -> ToolSets:
    """The tool sets of a run with these settings."""
    generation, most = settings.generation, settings.grammar.max_tool_sets
    if most is None:
        return ToolSets(generation, bundles, None)
    families = (
        plan_families(
            bundle,
            share,
            max_tools=generation.max_tools,
            others=generation.distractor_tools,
            rng=random.Random(f"{settings.seed}:tool sets:{bundle.name}"),
        )
        for bundle, share in zip(bundles, share_out(most, len(bundles)), strict=True)
    )
    return ToolSets(generation, bundles, tuple(families))
