"""Which conversations a run is made of. All of it follows from the seed, so nothing of it is stored."""

from __future__ import annotations

import hashlib
import math
import random
from collections import OrderedDict
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date

from funcdex.settings.generation import GenerationSettings
from funcdex.settings.tree import Settings
from funcdex.settings.variety import Described, DifficultyLevel
from funcdex.stages.kinds import servable
from funcdex.toolkits.graph import graph_of
from funcdex.types.kind import Kind
from funcdex.types.record import Draft, Plan
from funcdex.types.tools import Bundle, Tool

ID_PREFIX = "conv_"

_KEPT = 256
_GOLDEN = (math.sqrt(5) - 1) / 2


def plans(
    settings: Settings,
    bundles: Sequence[Bundle],
    restarts: Mapping[str, int] | None = None,
    *,
    without: Container[str] = (),
    of: range | None = None,
) -> Iterator[Plan]:
    """One plan per conversation, `conv_00001` first; `restarts` by id, where there were any. Those of the ids
    in `without` are left out, and if `of` is given all but those of its indices.

    Bundles take turns, so each gets its share, and a run that is made longer keeps its first plans.
    """
    for index in of or range(1, settings.count + 1):
        id = id_of(index)
        if id not in without:
            yield plan_at(index, settings, bundles, (restarts or {}).get(id, 0))


def plan_at(index: int, settings: Settings, bundles: Sequence[Bundle], restarts: int = 0) -> Plan:
    """The plan of one index, from 1. What is tried again draws anew: `restarts` is part of its seed."""
    bundle = bundles[_turn(index, len(bundles))]
    plan_id = id_of(index)
    generation, seed = settings.generation, _seed_of(settings.seed, plan_id, restarts)
    rng = random.Random(f"{seed}:kind")
    kind, variant = _kind(bundle, generation, _place(index, bundle, len(bundles), settings.seed), rng)
    difficulty = _weighted(generation.difficulties, rng)
    day = rng.randint(generation.first_day.toordinal(), generation.last_day.toordinal())
    return Plan(
        id=plan_id,
        index=index,
        toolkits=tuple(toolkit.name for toolkit in bundle.toolkits),
        clarity=_weighted(generation.clarity_levels, random.Random(f"{seed}:clarity")),
        seed=seed,
        kind=kind,
        variant=variant,
        difficulty=difficulty,
        today=date.fromordinal(day).isoformat(),
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


def id_of(index: int) -> str:
    """The id of the conversation of this index."""
    return f"{ID_PREFIX}{index:05d}"


def _seed_of(run_seed: int, plan_id: str, restarts: int) -> int:
    digest = hashlib.sha256(f"{run_seed}:{plan_id}:{restarts}".encode()).digest()
    return int.from_bytes(digest[:6])  # 48 bits: exact in JSON numbers everywhere


def _weighted(levels: Mapping[str, Described | DifficultyLevel], dice: random.Random) -> str:
    return drawn({name: level.weight for name, level in levels.items()}, dice)


def drawn(shares: Mapping[str, float], rng: random.Random) -> str:
    """One of the names, by its share; all are alike if none has one."""
    weights = list(shares.values())
    return rng.choices(list(shares), weights if sum(weights) > 0 else None)[0]


def _place(index: int, bundle: Bundle, bundles: int, run_seed: int) -> float:
    """Where in [0, 1) a conversation of a bundle draws its kind.

    Those of one bundle, in order, are a golden ratio apart, from a place of the run's own: so they lie as
    evenly as numbers can, and after any number of them each share has had its part to within two or three.
    With dice, a kind of 4 % would be missing from one toolkit in sixty after 100 conversations.
    """
    first = random.Random(f"{run_seed}:{bundle.name}:kinds").random()
    return (first + (index - 1) // bundles * _GOLDEN) % 1.0


def _kind(
    bundle: Bundle, generation: GenerationSettings, place: float, rng: random.Random
) -> tuple[Kind, str]:
    """The kind whose share lies at `place`, and a variant of it.

    Of the kinds that the bundle can serve: the shares of the others fall to these in proportion. A bundle
    that can serve none of those wanted has happy paths.
    """
    can = _servable(bundle, generation)
    shares = {kind: share for kind, share in generation.kinds.items() if share > 0 and kind in can}
    kind: Kind = _at(shares, place) if shares else "happy_path"  # type: ignore[assignment]  # keys are kinds
    return kind, rng.choice(can.get(kind, ("",)))


def _at(shares: Mapping[str, float], place: float) -> str:
    """The name whose share holds this part of the whole, from 0 up to 1."""
    left = place * sum(shares.values())
    for name, share in shares.items():
        if left < share:
            return name
        left -= share
    return next(reversed(list(shares)))  # Sums of shares are rounded.


_can: OrderedDict[tuple[int, int], tuple[Bundle, GenerationSettings, Mapping[Kind, tuple[str, ...]]]] = (
    OrderedDict()
)


def _servable(bundle: Bundle, generation: GenerationSettings) -> Mapping[Kind, tuple[str, ...]]:
    """Found once for each bundle in use: a run has a hundred thousand plans."""
    # By identity, and kept with the answer, so that nothing else has their ids.
    key = id(bundle), id(generation)
    known = _can.get(key)
    if known is None or known[0] is not bundle or known[1] is not generation:
        known = bundle, generation, servable(bundle.tools, graph_of(bundle), generation)
        _can[key] = known
        if len(_can) > _KEPT:
            _can.popitem(last=False)
    return known[2]
