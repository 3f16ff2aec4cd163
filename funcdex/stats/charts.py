"""Which charts the figures make; of two runs, each with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from funcdex.plots import Bars, histogram

Figures = Mapping[str, Any]
"""What `Stats.as_json` gives."""

_DIVERSITY = {
    "distinct_1": "distinct-1",
    "distinct_2": "distinct-2",
    "distinct_3": "distinct-3",
    "self_bleu": "self-BLEU",
}
_MOST_BARS = 20
_SHAPES = {
    "messages": "messages of a conversation",
    "calls": "calls of a conversation",
    "arguments_of_a_call": "arguments of a call",
    "tokens": "tokens of a conversation",
    "tools_shown": "tools shown",
}


def charts_of(
    told: Figures, other: Figures | None = None, names: tuple[str, str] = ("this", "other")
) -> list[Bars]:
    """Those for which there is something to draw."""
    sets = {names[0]: told} if other is None else {names[0]: told, names[1]: other}
    return [chart for chart in _charts(sets) if not chart.empty]


def _charts(sets: Mapping[str, Figures]) -> Iterator[Bars]:
    for sort in ("kind", "toolkit"):
        yield _ends(sets, sort)
    for name, label in _SHAPES.items():
        counts = {key: _counts(told, name) for key, told in sets.items()}
        yield histogram(
            label.capitalize(), counts, label, "calls" if "of_a_call" in name else "conversations"
        )
    yield _shares(
        "Coverage of what was shown",
        {
            key: {
                sort.replace("_", " "): told["coverage"][f"{sort}_share"]
                for sort in ("tools", "parameters", "enum_values")
            }
            for key, told in sets.items()
        },
    )
    yield _shares(
        "Distinct n-grams and self-BLEU, users",
        {
            key: {label: told["diversity"]["user"][name] for name, label in _DIVERSITY.items()}
            for key, told in sets.items()
        },
    )
    yield _most(
        "Given up",
        {key: {one["reason"]: one["count"] for one in told["rejected"]} for key, told in sets.items()},
    )


def _ends(sets: Mapping[str, Figures], sort: str) -> Bars:
    title = f"Conversations by {sort}"
    if len(sets) > 1:
        accepted = {
            key: {value: one["accepted"] for value, one in told["yield"][sort].items()}
            for key, told in sets.items()
        }
        return _most(title, accepted)
    (told,) = sets.values()
    ended = told["yield"][sort].items()
    return _most(
        title,
        {end: {value: one[end] for value, one in ended} for end in ("accepted", "rejected")},
    )


def _most(title: str, series: Mapping[str, Mapping[str, int]]) -> Bars:
    """The largest first; what is too much stands in one bar."""
    total: dict[str, int] = {}
    for counts in series.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    ranked = sorted(total, key=lambda name: (-total[name], name))
    shown, rest = ranked[:_MOST_BARS], ranked[_MOST_BARS:]
    drawn: list[tuple[str, Sequence[float]]] = [
        (
            key,
            [counts.get(name, 0) for name in shown] + ([sum(counts.get(n, 0) for n in rest)] if rest else []),
        )
        for key, counts in series.items()
    ]
    drawn = [(key, values) for key, values in drawn if any(values)]
    return Bars(title, [*shown, *([f"{len(rest)} others"] if rest else [])], drawn, "conversations")


def _shares(title: str, series: Mapping[str, Mapping[str, float | None]]) -> Bars:
    names = list(next(iter(series.values())))
    drawn = [(key, [shares[name] or 0.0 for name in names]) for key, shares in series.items()]
    return Bars(title, names, drawn, "share")


def _counts(told: Figures, name: str) -> dict[int, float]:
    return {int(value): count for value, count in told["shape"][name]["counts"].items()}
