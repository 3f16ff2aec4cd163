"""Joins that only descriptions tell: `Id of the person` and `Id of the host` have no word in common.

A sentence model says how near two descriptions are. A field is taken for a parameter if

- the names have joined these two tools by this parameter in no way,
- both have one type, and neither is a title, a text, a page or the like, by its name,
- what the tool returns is news: it is not gone, and nobody had to tell it the same parameter,
- and their descriptions, with names before them, have a cosine of at least LEAST_COSINE;

of several fields of a tool the nearest. Weights go from 0.5 at LEAST_COSINE to 0.75 at 1, so that what is
joined by names comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcdex.toolkits.graph import Edge, tool_graph
from funcdex.toolkits.joins import ReadTool, read_tool
from funcdex.toolkits.places import Described, described_fields, described_parameters
from funcdex.types.tools import Tool

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Encode = Callable[[Sequence[str]], Vectors]
    """Texts to vectors: float32, shape (texts, d), every row of norm 1."""

LEAST_COSINE = 0.75
MAX_TOOLS = 200
"""Of one bundle; the edges of larger ones are found by names alone."""
RULE = 1
"""Raised with every change of what this module finds: edges kept by another rule are found anew."""

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class _Lead:
    tool: ReadTool
    place: Described


def described_edges(tools: Sequence[Tool], encode: Encode) -> tuple[Edge, ...]:
    """The edges that descriptions add to those found by names. One call of `encode`; none for no tools or too
    many."""
    if not 1 < len(tools) <= MAX_TOOLS:
        return ()
    ordered = sorted(tools, key=lambda tool: tool.name)
    read = [read_tool(tool) for tool in ordered]
    fields = [
        _Lead(one, place) for one, tool in zip(read, ordered, strict=True) for place in described_fields(tool)
    ]
    wanted = [
        _Lead(one, place)
        for one, tool in zip(read, ordered, strict=True)
        for place in described_parameters(tool)
    ]
    if not fields or not wanted:
        return ()
    texts = sorted({lead.place.text for lead in (*fields, *wanted)})
    rows = {text: row for row, text in enumerate(texts)}
    vectors = encode(texts)
    offered = vectors[[rows[lead.place.text] for lead in fields]]
    joined = {(edge.source, edge.target, edge.parameter) for edge in tool_graph(ordered).edges}
    found: list[Edge] = []
    for lead in wanted:
        cosines = offered @ vectors[rows[lead.place.text]]
        found += _edges_into(lead, fields, [round(float(one), _DIGITS) for one in cosines], joined)
    return tuple(found)


def _edges_into(
    wanted: _Lead, fields: Sequence[_Lead], cosines: Sequence[float], joined: set[tuple[str, str, str]]
) -> Iterator[Edge]:
    nearest: dict[str, tuple[float, _Lead]] = {}
    for field, cosine in zip(fields, cosines, strict=True):
        source = field.tool
        if (
            cosine >= LEAST_COSINE
            and _fits(field, wanted)
            and cosine > nearest.get(source.name, (0.0, field))[0]
        ):
            nearest[source.name] = cosine, field
    for name, (cosine, field) in nearest.items():
        if (name, wanted.tool.name, wanted.place.path) not in joined:
            weight = round(0.5 + (cosine - LEAST_COSINE), _DIGITS)
            yield Edge(name, field.place.path, wanted.tool.name, wanted.place.path, weight)


def _fits(field: _Lead, wanted: _Lead) -> bool:
    source = field.tool
    if source is wanted.tool or source.ends or field.place.type != wanted.place.type:
        return False
    return wanted.place.path not in source.required
