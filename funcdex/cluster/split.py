"""Who gets what: the plan in ranges, the endpoints in shares, the toolkit sets among those who decide."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path

from funcdex.settings.endpoint_spec import EndpointSpec
from funcdex.settings.pool import PoolSettings
from funcdex.settings.tree import RaySettings
from funcdex.stages.plan import id_of

ENDPOINTS_OF_AN_ACTOR = 16
"""At most, where nothing else is asked for: what one process feeds, by what a request costs it."""
ACTORS_OF_A_SHARD = 8
"""One that decides what is new answers several hundred times as often as an actor asks."""


def actors_of(settings: RaySettings, endpoints: int, nodes: int, left: int) -> int:
    """How many actors share the work: as many as asked for, else one a node at least; none without work."""
    wanted = settings.actors or max(nodes, -(-endpoints // ENDPOINTS_OF_AN_ACTOR))
    return max(1, min(wanted, left))


def shards_of(settings: RaySettings, actors: int, groups: int) -> int:
    """How many actors decide what is new: never more than there are toolkit sets."""
    return max(1, min(settings.dedup_actors or -(-actors // ACTORS_OF_A_SHARD), groups))


def shares(
    endpoints: Sequence[EndpointSpec], actors: int, pool: PoolSettings
) -> list[tuple[EndpointSpec, ...]]:
    """The endpoints of each actor. Those that serve the same stages with the same model are dealt out in
    turn, so that every actor can do everything; where they are fewer than actors, these share their slots.
    What lists endpoints goes to every actor, so that one that joins works for all of them at once."""
    alike: defaultdict[object, list[EndpointSpec]] = defaultdict(list)
    for spec in endpoints:
        alike[spec.stages, spec.model, spec.listing].append(spec)
    dealt: list[list[EndpointSpec]] = [[] for _ in range(actors)]
    for specs in alike.values():
        for actor in range(actors):
            if len(specs) >= actors and not specs[0].listing:
                dealt[actor] += specs[actor::actors]
            else:
                dealt[actor].append(_part(specs, actor, actors, pool))
    return [tuple(each) for each in dealt]


def anywhere(spec: EndpointSpec) -> EndpointSpec:
    """The same for a process in another folder: a file that lists endpoints has an absolute path then."""
    if spec.listing and spec.listing[0] == "file":
        return spec.model_copy(update={"url": f"file:{Path(spec.listing[1]).absolute()}"})
    return spec


def _part(specs: Sequence[EndpointSpec], actor: int, actors: int, pool: PoolSettings) -> EndpointSpec:
    """One endpoint, with this actor's part of the requests that may be in flight, if those are limited."""
    place, spec = actor // len(specs), specs[actor % len(specs)]
    sharing = len(range(actor % len(specs), actors, len(specs)))
    limit = spec.max_in_flight or pool.max_in_flight
    if limit is None:
        return spec
    return spec.model_copy(update={"max_in_flight": max(1, len(range(place, limit, sharing)))})


def ranges(count: int, settled: Container[str], parts: int) -> list[range]:
    """The indices from 1 to `count`, in so many ranges (or fewer, if there is less) with about as much left
    to do in each."""
    left = [index for index in range(1, count + 1) if id_of(index) not in settled]
    parts = max(1, min(parts, len(left)))
    ends = [left[len(left) * part // parts] for part in range(1, parts)] if left else []
    return [range(first, end) for first, end in zip([1, *ends], [*ends, count + 1], strict=True)]


def shard_of(group: str, groups: Sequence[str], shards: int) -> int:
    """Which of those who decide has a toolkit set: `groups` take turns in a plan, so here as well."""
    return groups.index(group) % shards
