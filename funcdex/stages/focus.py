"""What one conversation is to be about: tools it is built around, what feeds what, what it does without.

Tools come round in turn: each conversation of a set of candidates takes the next of a shuffled deck, and the
deck is shuffled anew when it is used up. So all occur equally often, whatever finishes first, and rare
parameters and enum values come round with them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from funcdex.settings.variety import DifficultyLevel
from funcdex.stages.context import Context, dice
from funcdex.stages.empty_results import lists
from funcdex.stages.kinds import (
    FEWEST_FOR_LONG_CONTEXT,
    SPECS,
    asked_for,
    can_fail_and_change,
    failure_of,
    parameters_of,
    recovery_of,
)
from funcdex.toolkits.graph import Edge, Graph
from funcdex.toolkits.words import likeness
from funcdex.types.record import Plan
from funcdex.types.tools import Tool

ALIKE = 0.5
"""Tools as alike as this are withheld together: one would stand in for the other."""

_CHAIN_SHARE = 0.7
"""Of the conversations that need no chain, those that are given one."""
_SUGGESTED = 2
_CARDS_OF_ONE = 2
"""Cards of what is neither raised nor lowered, in a deck in which something is."""

Card = TypeVar("Card")


@dataclass(frozen=True, slots=True)
class Focus:
    """`tools` may be called, `withheld` are those that the user needs and nobody has. `calls` are the tools
    of a plan that would do, in order, `central` that of them whose turn it is; `edges` the links between the
    first of them, one after another. `use` are rare parameters and values, in words."""

    tools: tuple[Tool, ...]
    calls: tuple[Tool, ...]
    edges: tuple[Edge, ...] = ()
    central: Tool | None = None
    withheld: tuple[Tool, ...] = ()
    use: tuple[str, ...] = ()


def focus_of(plan: Plan, context: Context) -> Focus:
    """Follows from the plan and the tool sets of the run alone."""
    rng, visit = dice(plan, "focus"), context.tool_sets.visit(plan)
    candidates = context.candidates(plan)
    deck, round = _deck(candidates, context, visit)
    if plan.kind == "missing_tool":
        withheld = _withheld(deck)
        return Focus(tuple(tool for tool in candidates if tool not in withheld), (), withheld=withheld)
    if plan.kind == "irrelevant_request":
        return Focus(candidates, ())
    graph = context.graph(plan).among({tool.name for tool in candidates})
    deck = _suiting_first(plan, deck, graph)
    level = context.settings.generation.difficulties[plan.difficulty]
    calls, edges = _calls(plan, deck, graph, level, rng)
    raised = context.settings.generation.raised.parameters
    return Focus(candidates, calls, edges, deck[0], use=tuple(_rare(deck[0], round, raised)))


def _deck(candidates: Sequence[Tool], context: Context, visit: int) -> tuple[tuple[Tool, ...], int]:
    """The candidates, that whose turn it is first, and how often the deck was used up before."""
    by_name = sorted(candidates, key=lambda tool: tool.name)
    cards = repeated(by_name, [tool.name for tool in by_name], context.settings.generation.raised.tools)
    round, place = divmod(visit, len(cards))
    names = ",".join(tool.name for tool in by_name)
    shuffled = random.Random(f"{context.settings.seed}:focus:{names}:{round}").sample(cards, len(cards))
    in_turn: dict[str, Tool] = {}
    for tool in (*shuffled[place:], *shuffled[:place]):
        in_turn.setdefault(tool.name, tool)
    return tuple(in_turn.values()), round


def repeated(cards: Sequence[Card], names: Sequence[str], raised: Mapping[str, float]) -> list[Card]:
    """Each card as often as its name is raised, in steps of a half, and at least once; as they are where
    none is raised."""
    if not any(name in raised for name in names):
        return list(cards)
    copies = [max(1, round(raised.get(name, 1.0) * _CARDS_OF_ONE)) for name in names]
    return [card for card, count in zip(cards, copies, strict=True) for _ in range(count)]


def _suiting_first(plan: Plan, deck: Sequence[Tool], graph: Graph) -> tuple[Tool, ...]:
    """The deck from the first tool on that the kind can be built around; as it is if there is none."""
    for place, tool in enumerate(deck):
        if _suits(plan, tool, graph):
            return (*deck[place:], *deck[:place])
    return tuple(deck)


def _suits(plan: Plan, tool: Tool, graph: Graph) -> bool:
    match plan.kind:
        case "multi_step":
            return tool.name in graph.into or tool.name in graph.out_of
        case "missing_parameter":
            return bool(asked_for(tool))
        case "tool_error" if recovery_of(plan) == "changed_arguments":
            return can_fail_and_change(tool, failure_of(plan))
        case "tool_error" if failure_of(plan) == "empty_result":
            return lists(tool)
        case _:
            return True


def _withheld(deck: Sequence[Tool]) -> tuple[Tool, ...]:
    """The tool whose turn it is and those like it, but not all there are."""
    alike = [tool for tool in deck[1:] if likeness(deck[0], tool) >= ALIKE]
    return (deck[0], *alike[: len(deck) - 2])


def _calls(
    plan: Plan, deck: Sequence[Tool], graph: Graph, level: DifficultyLevel, rng: random.Random
) -> tuple[tuple[Tool, ...], tuple[Edge, ...]]:
    count = _count(plan, level, rng)
    by_name = {tool.name: tool for tool in deck}
    hops = min(level.hops, count - 1)
    if plan.kind == "multi_step":
        hops = max(hops, 1)
    elif plan.kind in ("tool_error", "parallel_calls", "missing_parameter") or rng.random() > _CHAIN_SHARE:
        hops = 0
    edges = graph.chain(deck[0].name, hops, rng)
    calls = [by_name[edges[0].source], *(by_name[edge.target] for edge in edges)] if edges else [deck[0]]
    if plan.kind == "tool_error" and recovery_of(plan) in ("retry", "changed_arguments"):
        calls.append(calls[0])
    for tool in _others(deck, calls, graph, rng):
        present = {tool.toolkit for tool in calls}
        if len(calls) < count or tool.toolkit not in present:
            calls.append(tool)
    return tuple(calls), edges


def _count(plan: Plan, level: DifficultyLevel, rng: random.Random) -> int:
    """How many calls; a kind may need more than its level has, or be about few."""
    count = rng.randint(level.min_calls, level.max_calls)
    match plan.kind:
        case "long_context":
            return min(count, 2)
        case "multi_step" | "parallel_calls":
            return max(count, 2)
        case "tool_error" if recovery_of(plan) != "tell_user":
            return max(count, 2)
        case _:
            return count


def _others(deck: Sequence[Tool], calls: Sequence[Tool], graph: Graph, rng: random.Random) -> Iterator[Tool]:
    """Further tools: those that have to do with the first ones before those whose turn comes next."""
    chosen = {tool.name for tool in calls}
    linked = {edge.target for name in chosen for edge in graph.out_of.get(name, ())}
    linked |= {edge.source for name in chosen for edge in graph.into.get(name, ())}
    rest = [tool for tool in deck if tool.name not in chosen]
    near = [tool for tool in rest if tool.name in linked]
    rng.shuffle(near)
    yield from near
    yield from (tool for tool in rest if tool.name not in linked)


def _rare(tool: Tool, round: int, raised: Mapping[str, float]) -> Iterator[str]:
    """Optional parameters and enum values of the tool; others in each round of the deck."""
    required = tool.parameters.get("required") or ()
    known = parameters_of(tool)
    optional = [name for name in known if name not in required and "const" not in known[name]]
    cards = repeated(optional, [f"{tool.name}.{name}" for name in optional], raised)
    for name in _in_turn(cards, round * _SUGGESTED, min(_SUGGESTED, len(optional))):
        values = known[name].get("enum")
        if isinstance(values, list | tuple) and values:
            yield f"{name} of {tool.name}, for example with {values[round % len(values)]!r}"
        else:
            yield f"{name} of {tool.name}"


def _in_turn(cards: Sequence[str], start: int, count: int) -> list[str]:
    """So many different ones, from a place in the round on."""
    begins = start % len(cards) if cards else 0
    return list(dict.fromkeys((*cards[begins:], *cards[:begins])))[:count]


def shown_tools_of(
    plan: Plan, needed: Sequence[str], withheld: Sequence[str], context: Context
) -> tuple[Tool, ...]:
    """The tools that the conversation is written with."""
    generation = context.settings.generation
    others = generation.distractor_tools + generation.difficulties[plan.difficulty].more_tools
    if SPECS[plan.kind].whole:
        others = max(others, generation.max_tools, FEWEST_FOR_LONG_CONTEXT)
    return context.tool_sets.shown(plan, needed, dice(plan, "shown"), others=others, withheld=withheld)
