"""Which tools feed which: a field that one tool returns can be a parameter of another.

    LIST_CALENDARS items[0].id    ->  CREATE_EVENT calendarId
    CREATE_CUSTOMER id            ->  CREATE_INVOICE customer

It is guessed from names, types and words, without a model (`places.py`, `joins.py`): what a field or a
parameter names is an identifier or an address *of something*, and where both name the same of the same thing,
there is an edge. `weight` (0 to 1) says how sure that is. What only the meaning of descriptions tells comes
beside it (`described.py`). How often it is right: docs/decisions/0019-tool-links.md.
"""

from __future__ import annotations

import operator
import random
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from funcdex.toolkits.joins import joins_by_name, joins_into, offers_of, read_tool
from funcdex.types.tools import Bundle, Tool

_KEPT = 256


@dataclass(frozen=True, slots=True)
class Edge:
    """`field` (as `items[0].id`) of what `source` returns can be `parameter` of `target`; names of tools."""

    source: str
    field: str
    target: str
    parameter: str
    weight: float


@dataclass(frozen=True)
class Graph:
    """The edges among some tools, the most certain first."""

    edges: tuple[Edge, ...]

    @cached_property
    def into(self) -> Mapping[str, Sequence[Edge]]:
        """The edges that end in a tool."""
        return _grouped((edge.target, edge) for edge in self.edges)

    @cached_property
    def out_of(self) -> Mapping[str, Sequence[Edge]]:
        """The edges that begin in a tool."""
        return _grouped((edge.source, edge) for edge in self.edges)

    def among(self, names: Collection[str]) -> Graph:
        """The edges between tools of these names."""
        known = frozenset(names)
        return Graph(tuple(edge for edge in self.edges if edge.source in known and edge.target in known))

    def chain(self, focus: str, hops: int, rng: random.Random) -> tuple[Edge, ...]:
        """At most so many edges, one leading to the next, through `focus` and through no tool twice; () if it
        has none. Edges of more weight are drawn more often."""
        edges: list[Edge] = []
        seen = {focus}
        forwards = rng.random() < 0.5
        # One way as far as it goes, then the other.
        for ahead in (forwards, not forwards):
            while len(edges) < hops:
                end = (edges[-1].target if ahead else edges[0].source) if edges else focus
                near = self.out_of.get(end, ()) if ahead else self.into.get(end, ())
                fresh = [edge for edge in near if (edge.target if ahead else edge.source) not in seen]
                if not fresh:
                    break
                edge = rng.choices(fresh, [one.weight**2 for one in fresh])[0]
                edges.insert(len(edges) if ahead else 0, edge)
                seen.add(edge.target if ahead else edge.source)
        return tuple(edges)


def tool_graph(tools: Sequence[Tool]) -> Graph:
    """The graph of tools whose names are unique. Pure, and the same whatever the order of the tools."""
    read = [read_tool(tool) for tool in sorted(tools, key=lambda tool: tool.name)]
    offers, by_name = offers_of(read), {tool.name: tool for tool in read}
    best: dict[tuple[str, str, str], Edge] = {}
    for target in read:
        for wanted in target.parameters:
            found = (*joins_into(target, wanted, offers), *joins_by_name(target, wanted, by_name))
            for source, field, weight in found:
                key = source.name, target.name, wanted.path
                if key not in best or best[key].weight < weight:
                    best[key] = Edge(source.name, field.path, target.name, wanted.path, weight)
    return _ordered(best.values())


def _ordered(edges: Iterable[Edge]) -> Graph:
    key = operator.attrgetter("source", "target", "parameter")
    return Graph(tuple(sorted(edges, key=lambda edge: (-edge.weight, *key(edge)))))


_graphs: OrderedDict[tuple[int, int], tuple[Bundle, tuple[Edge, ...], Graph]] = OrderedDict()


def graph_of(bundle: Bundle, more: tuple[Edge, ...] = ()) -> Graph:
    """The graph of a bundle's tools, with `more` edges than names tell; made once for each bundle that is in
    use."""
    # By identity, since schemas cannot be hashed; the bundle is kept with it, so no other has its id.
    key = id(bundle), id(more)
    known = _graphs.get(key)
    if known is None or known[0] is not bundle or known[1] is not more:
        by_names = tool_graph(bundle.tools) if not more else graph_of(bundle)
        known = bundle, more, _ordered((*by_names.edges, *more)) if more else by_names
        _graphs[key] = known
        if len(_graphs) > _KEPT:
            _graphs.popitem(last=False)
    return known[2]


def _grouped(pairs: Iterable[tuple[str, Edge]]) -> dict[str, tuple[Edge, ...]]:
    groups: dict[str, list[Edge]] = defaultdict(list)
    for name, edge in pairs:
        groups[name].append(edge)
    return {name: tuple(edges) for name, edges in groups.items()}
