"""Which tools feed which: a field that one tool returns can be a parameter of another.

    LIST_CALENDARS items[0].id    ->  CREATE_EVENT calendarId
    CREATE_CUSTOMER id            ->  CREATE_INVOICE customer

It is guessed from names, types and words, without a model: what a field or parameter names is an identifier
or an address *of something*, and where both name the same of the same thing, there is an
edge. `weight` (0 to 1) says how sure that is; the words of both descriptions only shift it. How often it is
right: docs/decisions/0015-kinds-and-blueprint.md.
"""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from funcdex.toolkits.words import entities_of_tool, prose_words, singular, words_of
from funcdex.types.error_response import response_forms
from funcdex.types.tools import Bundle, JsonSchema, Tool

LEAST_WEIGHT = 0.45
"""Below it a pair is not taken for an edge."""
MAX_FIELDS = 300
MAX_DEPTH = 6
"""How many fields of one response are looked at, and how deep."""
MAX_LEADS = 64
"""Fields of one sort looked at for one parameter, so that the graph of 1,000 tools takes seconds."""

_KEPT = 256
_IDS = frozenset(("id", "ids", "gid", "uid", "uuid", "key", "sid", "guid"))
_MARKS = frozenset(
    ("email", "mail", "url", "uri", "link", "phone", "slug", "sha", "username", "token", "code")
)
_CONTAINERS = frozenset(
    (
        *(
            "item",
            "data",
            "result",
            "value",
            "record",
            "entry",
            "object",
            "response",
            "list",
            "element",
            "row",
        ),
        *("content", "output", "payload", "body", "node", "edge", "resource", "info", "detail"),
    )
)
_MODIFIERS = frozenset(
    ("or", "the", "of", "a", "new", "target", "source", "primary", "default", "parent", "root", "other", "by")
)
_GONE = frozenset(("delete", "remove", "trash", "erase", "cancel", "revoke"))
_SCALARS = ("string", "integer", "number")
_SAYS_NOTHING = frozenset(
    (
        *(
            "type",
            "status",
            "state",
            "kind",
            "name",
            "title",
            "description",
            "text",
            "message",
            "count",
            "total",
        ),
        *(
            "limit",
            "offset",
            "page",
            "size",
            "order",
            "sort",
            "filter",
            "query",
            "field",
            "max",
            "min",
            "position",
        ),
        *(
            "version",
            "etag",
            "mime",
            "created",
            "updated",
            "modified",
            "time",
            "date",
            "start",
            "end",
            "note",
            "color",
        ),
        *(
            "on",
            "at",
            "due",
            "day",
            "self",
            "object",
            "value",
            "format",
            "language",
            "summary",
            "locale",
            "zone",
            "result",
            "amount",
        ),
    )
)


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
    ordered = sorted(tools, key=lambda tool: tool.name)
    offers: dict[tuple[str, str], list[tuple[Tool, _Place]]] = defaultdict(list)
    for tool in ordered:
        for place in _fields(tool):
            for thing in place.things:
                offers[place.mark, thing].append((tool, place))
    best: dict[tuple[str, str, str], Edge] = {}
    for tool in ordered:
        for wanted in _parameters(tool):
            for edge in _edges_into(tool, wanted, offers):
                key = edge.source, edge.target, edge.parameter
                if key not in best or best[key].weight < edge.weight:
                    best[key] = edge
    edges = sorted(best.values(), key=lambda edge: (-edge.weight, edge.source, edge.target, edge.parameter))
    return Graph(tuple(edges))


_graphs: OrderedDict[int, tuple[Bundle, Graph]] = OrderedDict()


def graph_of(bundle: Bundle) -> Graph:
    """The graph of a bundle's tools, made once for each bundle that is in use."""
    # By identity, since schemas cannot be hashed; the bundle is kept with it, so no other has its id.
    known = _graphs.get(id(bundle))
    if known is None or known[0] is not bundle:
        known = bundle, tool_graph(bundle.tools)
        _graphs[id(bundle)] = known
        if len(_graphs) > _KEPT:
            _graphs.popitem(last=False)
    return known[1]


@dataclass(frozen=True, slots=True)
class _Place:
    """A field of a response or a parameter: `mark` is what it says (an id, an address), `things` of what."""

    path: str
    mark: str
    things: frozenset[str]
    own: bool
    type: str
    words: frozenset[str]
    required: bool = False


def _edges_into(
    target: Tool, wanted: _Place, offers: Mapping[tuple[str, str], Sequence[tuple[Tool, _Place]]]
) -> Iterator[Edge]:
    for thing in sorted(wanted.things):
        for source, field in offers.get((wanted.mark, thing), ())[:MAX_LEADS]:
            if source.name == target.name or field.type != wanted.type:
                continue
            # The address of a customer is no news to what writes down a customer's address.
            if wanted.mark in ("id", "url") or field.own or wanted.own:
                weight = _weight(source, field, wanted)
                if weight >= LEAST_WEIGHT:
                    yield Edge(source.name, field.path, target.name, wanted.path, round(weight, 3))


def _weight(source: Tool, field: _Place, wanted: _Place) -> float:
    shared = len(field.things & wanted.things) / max(len(field.things), len(wanted.things))
    weight = 0.45 + 0.2 * shared + 0.1 * (field.own + wanted.own)
    weight += 0.15 * _overlap(field.words, wanted.words) + (0.05 if wanted.required else 0.0)
    if field.mark not in ("id", "email", "url") or (field.own and wanted.own and shared < 1):
        weight -= 0.1
    return min(weight, 1.0) * _news(source, field)


def _news(source: Tool, field: _Place) -> float:
    """Less than 1 where a tool returns what is gone now, or what it was told before: surely, or perhaps."""
    if _GONE.intersection(words_of(source.name)):
        return 0.4
    told = [
        place for place in _parameters(source) if place.mark == field.mark and place.things & field.things
    ]
    if any(place.required for place in told):
        return 0.4
    return 0.6 if told else 1.0


def _overlap(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / min(len(some), len(others)) if some and others else 0.0


def _fields(tool: Tool) -> Iterator[_Place]:
    about = entities_of_tool(tool)
    walk = _leaves(response_forms(tool.response).fine, "", (), 0)
    for (path, names, schema), _ in zip(walk, range(MAX_FIELDS), strict=False):
        place = _place(path, names, schema, about)
        if place is not None:
            yield place


def _parameters(tool: Tool) -> Iterator[_Place]:
    properties, required = tool.parameters.get("properties"), tool.parameters.get("required")
    if not isinstance(properties, Mapping):
        return
    about = entities_of_tool(tool)
    for name, schema in properties.items():
        if isinstance(schema, Mapping):
            items = schema.get("items")
            one = items if schema.get("type") == "array" and isinstance(items, Mapping) else schema
            place = _place(name, (name,), {"description": schema.get("description"), **one}, about)
            if place is not None:
                asked = isinstance(required, list | tuple) and name in required
                yield _Place(
                    name, place.mark, place.things, place.own, place.type, place.words, required=asked
                )


def _leaves(
    schema: object, path: str, names: tuple[str, ...], depth: int
) -> Iterator[tuple[str, tuple[str, ...], JsonSchema]]:
    """Path, the names on the way and schema of every scalar that a response can hold."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return
    for keyword in ("anyOf", "oneOf", "allOf"):
        options = schema.get(keyword)
        for option in options if isinstance(options, list | tuple) else ():
            yield from _leaves(option, path, names, depth + 1)
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, Mapping):
        for name, sub in properties.items():
            yield from _leaves(sub, f"{path}.{name}" if path else name, (*names, name), depth + 1)
    elif isinstance(items, Mapping):
        yield from _leaves(items, f"{path}[0]", names, depth + 1)
    elif _type_of(schema) in _SCALARS:
        yield path, names, schema


def _type_of(schema: JsonSchema) -> str:
    told = schema.get("type")
    kinds = [told] if isinstance(told, str) else [one for one in told or () if one != "null"]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _place(path: str, names: Sequence[str], schema: JsonSchema, about: frozenset[str]) -> _Place | None:
    """What a field or parameter says, and of what; None if nothing that could be passed on."""
    kind = _type_of(schema)
    if not names or kind not in _SCALARS or schema.get("enum") or "const" in schema:
        return None
    words = [singular(word) for word in words_of(names[-1])]
    told = prose_words(schema.get("description"))
    marks = [word for word in words if word in _IDS or word in _MARKS]
    if marks:
        mark = "id" if marks[-1] in _IDS else _same(marks[-1])
        own = frozenset(word for word in words if word not in _IDS and word not in _MARKS)
        own -= _CONTAINERS | _MODIFIERS
    elif reference := _reference(words, told, schema.get("format")):
        mark, own = reference, frozenset(words)
    else:
        return None  # A title or a date of one thing is seldom that of another.
    if own & {"page", "cursor", "sync", "etag", "next"}:
        return None
    return _Place(path, mark, own or _parents(names) or about, bool(own), kind, told)


def _reference(words: Sequence[str], told: frozenset[str], format: object) -> str:
    """What `customer` holds that is described as the id of one, or `event_type` as its address; else ""."""
    if any(word in _SAYS_NOTHING - {"type"} for word in words):
        return ""
    if format == "uri":
        return "url"
    return "id" if len(words) == 1 and words[0] != "type" and told & _IDS else ""


def _parents(names: Sequence[str]) -> frozenset[str]:
    for name in reversed(names[:-1]):
        words = frozenset(singular(word) for word in words_of(name)) - _CONTAINERS
        if words:
            return words
    return frozenset()


def _same(mark: str) -> str:
    return {"mail": "email", "uri": "url", "link": "url"}.get(mark, mark)


def _grouped(pairs: Iterable[tuple[str, Edge]]) -> dict[str, tuple[Edge, ...]]:
    groups: dict[str, list[Edge]] = defaultdict(list)
    for name, edge in pairs:
        groups[name].append(edge)
    return {name: tuple(edges) for name, edges in groups.items()}
