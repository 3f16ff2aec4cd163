"""What the dashboard says of a run or a file, counted by the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from funcdex.types.record import STAGES
from funcdex.viewer.charts import LineChart, Series, line_chart
from funcdex.viewer.entry import FLOW_BUCKET_S, NEVER
from funcdex.viewer.index import Index
from funcdex.viewer.query import Filters
from funcdex.viewer.rows import LONGEST_COUNTED
from funcdex.viewer.source import Looked

MOST_BARS = 24
_MOST_POINTS = 120
_MOST_ENDPOINTS = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a table of bars: what is counted, its parts, and the filter that lists it, None if there is
    none."""

    label: str
    parts: Sequence[int]
    filters: Filters | None = None

    @property
    def total(self) -> int:
        """All parts."""
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one sort; `legend` names the parts where there is more than one, `more` bars are left out."""

    title: str
    bars: Sequence[Bar]
    legend: Sequence[str] = ()
    more: int = 0

    @property
    def most(self) -> int:
        """The longest one's length, at least 1."""
        return max((bar.total for bar in self.bars), default=0) or 1


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests and tokens of one endpoint, or one stage."""

    name: str
    requests: int
    prompt: int
    completion: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that the page shows. `columns` stand beside each other, so that none moves into the other
    while it grows; `events`: by endpoint, what befell it and how often."""

    planned: int | None
    accepted: int
    rejected: int
    running: bool
    reviewed: int
    tokens: int
    mean_score: float | None
    columns: Sequence[Sequence[Bars]]
    endpoints: Sequence[Spent]
    stages: Sequence[Spent]
    throughput: LineChart | None
    events: Mapping[str, Sequence[tuple[str, int]]]
    bad_lines: int


def dashboard(index: Index, looked: Looked) -> Dashboard:
    """As it is now. Blocks for some milliseconds: everything is counted as it is read."""
    read = index.reading.execute
    counts = _counts(index)
    states = counts.get("state", {})
    accepted, rejected = states.get("accepted", 0), states.get("rejected", 0)
    planned = looked.planned
    return Dashboard(
        planned=planned,
        accepted=accepted,
        rejected=rejected,
        running=looked.running,
        reviewed=read(
            "SELECT count(*) FROM conversation WHERE decision IS NOT NULL OR flagged OR edited OR note != ''"
        ).fetchone()[0],
        tokens=counts.get("sum", {}).get("tokens", 0),
        mean_score=_mean(counts.get("score", {})),
        columns=_columns(counts, _funnel(counts.get("stage", {}), planned, accepted, rejected)),
        endpoints=_spent(index, "endpoint"),
        stages=_spent(index, "stage"),
        throughput=_throughput(index),
        events=_events(index),
        bad_lines=read("SELECT coalesce(sum(bad), 0) FROM source WHERE name != 'log'").fetchone()[0],
    )


_Counts = Mapping[str, Mapping[str, int]]


def _counts(index: Index) -> _Counts:
    """By what is counted and value, the commonest first."""
    found: dict[str, dict[str, int]] = {}
    for kind, value, count in index.reading.execute(
        "SELECT kind, value, count FROM facet WHERE count > 0 ORDER BY count DESC, value"
    ):
        found.setdefault(kind, {})[value] = count
    return found


def _mean(scores: Mapping[str, int]) -> float | None:
    total = sum(scores.values())
    return sum(float(score) * count for score, count in scores.items()) / total if total else None


def _funnel(lost_at: Mapping[str, int], planned: int | None, accepted: int, rejected: int) -> Bars:
    """How many of the settled ones came through each stage."""
    left = accepted + rejected
    bars = [Bar("planned", (planned,))] if planned is not None else []
    bars.append(Bar("ended", (left,)))
    for stage in STAGES:
        if lost_at.get(stage):
            left -= lost_at[stage]
            bars.append(Bar(f"after {stage.replace('_', ' ')}", (left,)))
    bars.append(Bar("accepted", (accepted,), Filters(state="accepted")))
    return Bars("Funnel", bars)


def _columns(counts: _Counts, funnel: Bars) -> Sequence[Sequence[Bars]]:
    both = ("accepted", "rejected")

    def by_state(name: str, values: Sequence[str]) -> list[Bar]:
        parts = [counts.get(f"{state} {name}", {}) for state in both]
        return [Bar(one, [part.get(one, 0) for part in parts], Filters(**{name: one})) for one in values]

    def alone(name: str) -> list[Bar]:
        return [Bar(one, (count,), Filters(**{name: one})) for one, count in counts.get(name, {}).items()]

    scores = sorted(counts.get("score", {}), key=float, reverse=True)
    left = [
        funnel,
        _cut("Kinds", by_state("kind", [*counts.get("kind", {})]), both),
        _cut("Toolkits", by_state("toolkit", [*counts.get("toolkit", {})]), both),
        _cut("Conversations by turns of the user", _lengths(counts.get("turns", {}))),
    ]
    right = [
        _cut("Scores for tool use", by_state("score", scores), both),
        _cut("Reasons of rejections", alone("reason")),
        _cut("Conversations by calls", _lengths(counts.get("calls", {}))),
        _cut("Tools, by conversations that call them", alone("tool")),
    ]
    return [[one for one in column if one.bars] for column in (left, right)]


def _lengths(counts: Mapping[str, int]) -> list[Bar]:
    lengths = sorted(map(int, counts))
    return [
        Bar(f"{one}{' or more' if one == LONGEST_COUNTED else ''}", (counts[str(one)],)) for one in lengths
    ]


def _cut(title: str, bars: list[Bar], legend: Sequence[str] = ()) -> Bars:
    return Bars(title, bars[:MOST_BARS], legend, max(0, len(bars) - MOST_BARS))


def _spent(index: Index, column: str) -> list[Spent]:
    rows = index.reading.execute(
        f"SELECT {column}, sum(requests), sum(prompt), sum(completion) FROM flow GROUP BY {column} "
        "ORDER BY sum(completion) DESC LIMIT 50"
    ).fetchall()
    return [Spent(*row) for row in rows]


def _throughput(index: Index) -> LineChart | None:
    """Completion tokens a second by endpoint, noted when the conversation that they went into was written."""
    read = index.reading.execute
    first, last = read("SELECT min(bucket), max(bucket) FROM flow WHERE bucket > ?", (NEVER,)).fetchone()
    if first is None or last == first:
        return None
    width = -(-(last - first + 1) // _MOST_POINTS)
    names = [one.name for one in _spent(index, "endpoint")[:_MOST_ENDPOINTS]]
    points: dict[str, dict[int, float]] = {name: {} for name in names}
    for endpoint, step, tokens in read(
        "SELECT endpoint, (bucket - ?) / ?, sum(completion) FROM flow WHERE bucket >= ? GROUP BY 1, 2",
        (first, width, first),
    ):
        if endpoint in points:
            points[endpoint][step] = tokens / (width * FLOW_BUCKET_S)
    steps = range((last - first) // width + 1)
    series = [Series(name, [points[name].get(step, 0.0) for step in steps]) for name in names]
    return line_chart(series, step_s=width * FLOW_BUCKET_S, begun_s=first * FLOW_BUCKET_S)


def _events(index: Index) -> Mapping[str, Sequence[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for endpoint, event, fault, count in index.reading.execute(
        "SELECT * FROM event ORDER BY endpoint, count DESC LIMIT 500"
    ):
        found.setdefault(endpoint, []).append((f"{event}: {fault}" if fault else event, count))
    return found
