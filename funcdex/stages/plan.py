"""Which conversations a run is made of. All of it follows from the seed, so nothing of it is stored."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Container, Iterator, Mapping, Sequence

from funcdex.settings.tree import ClarityLevel, Settings
from funcdex.types.record import Draft, Plan
from funcdex.types.tools import Bundle, Tool

ID_PREFIX = "conv_"


def plans(
    settings: Settings,
    bundles: Sequence[Bundle],
    restarts: Mapping[str, int] | None = None,
    *,
    without: Container[str] = (),
) -> Iterator[Plan]:
    """One plan per conversation, `conv_00001` first; `restarts` by id, where there were any. Those of the ids
    in `without` are left out.

    Bundles take turns, so each gets its share, and a run that is made longer keeps its first plans.
    """
    for index in range(1, settings.count + 1):
        id = _id_of(index)
        if id not in without:
            yield plan_at(index, settings, bundles, (restarts or {}).get(id, 0))


def plan_at(index: int, settings: Settings, bundles: Sequence[Bundle], restarts: int = 0) -> Plan:
    """The plan of one index, from 1. What is tried again draws anew: `restarts` is part of its seed."""
    bundle = bundles[_turn(index, len(bundles))]
    plan_id = _id_of(index)
    seed = _seed_of(settings.seed, plan_id, restarts)
    return Plan(
        id=plan_id,
        index=index,
        toolkits=tuple(toolkit.name for toolkit in bundle.toolkits),
        clarity=_weighted(settings.generation.clarity_levels, random.Random(f"{seed}:clarity")),
        seed=seed,
    )


def plan_of(id: str, settings: Settings, bundles: Sequence[Bundle], restarts: int = 0) -> Plan:
    """The plan of an id. Raises ValueError for one that no plan has."""
    return plan_at(int(id.removeprefix(ID_PREFIX)), settings, bundles, restarts)


def shown_tools(draft: Draft, bundles: Sequence[Bundle]) -> tuple[Tool, ...]:
    """The tools that the writer of a conversation sees, in its order; () before they are chosen."""
    if draft.shown is None:
        return ()
    by_name = bundle_of(draft.plan, bundles).by_name
    return tuple(by_name[name] for name in draft.shown)


def bundle_of(plan: Plan, bundles: Sequence[Bundle]) -> Bundle:
    """The bundle of a plan that was made with these bundles."""
    return bundles[_turn(plan.index, len(bundles))]


def group_of(plan: Plan) -> str:
    """The toolkit set whose scenarios and conversations have to differ from those of this plan."""
    return "+".join(plan.toolkits)


def bundle_number(id: str, bundles: int) -> int:
    """Which of so many bundles, from 0, an id has: cheaper than its plan. Raises ValueError as `plan_of`."""
    return _turn(int(id.removeprefix(ID_PREFIX)), bundles)


def _turn(index: int, bundles: int) -> int:
    return (index - 1) % bundles


def _id_of(index: int) -> str:
    return f"{ID_PREFIX}{index:05d}"


def _seed_of(run_seed: int, plan_id: str, restarts: int) -> int:
    digest = hashlib.sha256(f"{run_seed}:{plan_id}:{restarts}".encode()).digest()
    return int.from_bytes(digest[:6])  # 48 bits: exact in JSON numbers everywhere


def _weighted(levels: Mapping[str, ClarityLevel], dice: random.Random) -> str:
    weights = [level.weight for level in levels.values()]
    return dice.choices(list(levels), weights if sum(weights) > 0 else None)[0]
