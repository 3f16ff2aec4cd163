"""Where the arguments of a conversation's calls come from, as links between places of its page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from funcdex.types.conversation import Conversation
from funcdex.types.tools import Tool
from funcdex.verify.given import Given
from funcdex.verify.grounding import Grounding, groundings
from funcdex.verify.sources import Place
from funcdex.viewer.jsontree import Origin

Call = tuple[int, int]
"""Turn, from 0, and number of the call in it, from 1."""
MOST_LINKS = 2_000

_TOLD = {
    "system": "the system prompt",
    "schema": "the tool's own description",
    "calendar": "the calendar: it follows from what is known of today",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a text that an argument comes from."""

    start: int
    end: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """`origins`: by call and path. `spans`: of the text of a turn's user or assistant, or of the system
    prompt
    (turn -1). `values`: by call and side (`response`, `call`), the anchor of each path that is led to."""

    origins: Mapping[Call, Mapping[str, Origin]] = field(default_factory=dict)
    spans: Mapping[tuple[str, int], Sequence[Span]] = field(default_factory=dict)
    values: Mapping[tuple[str, int, int], Mapping[str, str]] = field(default_factory=dict)


def provenance_of(conversation: Conversation, tools: Sequence[Tool], given: Given) -> Provenance:
    """Of a conversation whose tools are known, some milliseconds. Arguments that need no ground have none."""
    work = _Work()
    for grounding in groundings(conversation, tools, given)[:MOST_LINKS]:
        work.add(grounding)
    return Provenance(work.origins, {key: _apart(spans) for key, spans in work.spans.items()}, work.values)


class _Work:
    def __init__(self) -> None:
        self.origins: defaultdict[Call, dict[str, Origin]] = defaultdict(dict)
        self.spans: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
        self.values: defaultdict[tuple[str, int, int], dict[str, str]] = defaultdict(dict)
        self._anchors: dict[Place, str] = {}

    def add(self, grounding: Grounding) -> None:
        known = self.origins[grounding.turn, grounding.call]
        if grounding.place is None:
            known[grounding.path] = Origin(f"“{grounding.value[:80]}” was said nowhere before", known=False)
        elif grounding.path not in known:
            known[grounding.path] = Origin(_told(grounding.place), self._anchor(grounding.place))

    def _anchor(self, place: Place) -> str:
        if place in self._anchors:
            return self._anchors[place]
        turn = -1 if place.turn is None else place.turn
        anchor = f"from-{len(self._anchors) + 1}"
        if place.kind in ("response", "call"):
            anchor = self.values[place.kind, turn, place.number].setdefault(place.path or "$", anchor)
        elif place.kind in ("user", "assistant", "system"):
            if place.end > place.start:
                self.spans[place.kind, turn].append(Span(place.start, place.end, anchor))
            else:
                anchor = f"{place.kind}-{turn + 1}"
        else:
            anchor = ""
        self._anchors[place] = anchor
        return anchor


def _told(place: Place) -> str:
    turn = "" if place.turn is None else f", turn {place.turn + 1}"
    if place.kind == "response":
        return f"the response to call {place.number}{turn}" + (f": {place.path}" if place.path else "")
    if place.kind == "call":
        return f"the arguments of call {place.number}{turn}"
    if place.kind in ("user", "assistant"):
        return f"the {place.kind}{turn}"
    return _TOLD.get(place.kind, place.kind)


def _apart(spans: Sequence[Span]) -> list[Span]:
    """In order. Of two that overlap, the later one begins where the earlier one ends; one within is an empty
    span there, so that its anchor stays."""
    apart: list[Span] = []
    end = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        start = max(span.start, end)
        apart.append(Span(start, max(start, span.end), span.anchor))
        end = max(end, span.end)
    return apart
