"""Two sets of figures side by side: what they have in common to compare, and by how much they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]
"""What `Stats.as_json` gives."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both; None where one of them does not say."""

    figure: str
    this: float | None
    other: float | None

    @property
    def change(self) -> float | None:
        """This as a part of the other, less one: 0.1 is a tenth more."""
        if self.this is None or not self.other:
            return None
        return round(self.this / self.other - 1, 4)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"figure": self.figure, "this": self.this, "other": self.other, "change": self.change}

    def as_row(self) -> dict[str, Any]:
        """For a table that people read: the change in per cent."""
        return self.as_json() | {"change": None if self.change is None else f"{self.change:+.1%}"}


def compared(this: Figures, other: Figures) -> list[Compared]:
    """Every figure that either has, in order; those that neither has are left out."""
    mine, others = dict(_figures(this)), dict(_figures(other))
    names = [*mine, *(name for name in others if name not in mine)]
    rows = (Compared(name, mine.get(name), others.get(name)) for name in names)
    return [row for row in rows if row.this is not None or row.other is not None]


def _figures(told: Figures) -> Iterator[tuple[str, float | None]]:
    ended, size = told["conversations"], told["size"]
    yield "accepted", ended["accepted"]
    yield "accepted, share", ended["share"]
    for name in ("messages_each", "calls_each", "arguments_a_call", "tokens_each", "tool_tokens_each"):
        yield name.replace("_", " "), size[name] if size["conversations"] else None
    for name in ("user_turns", "tools_shown", "tools_called"):
        yield f"{name.replace('_', ' ')}, mean", told["shape"][name]["mean"]
    for sort in ("tools", "parameters", "enum_values"):
        yield f"coverage of {sort.replace('_', ' ')}", told["coverage"][f"{sort}_share"]
    for role, one in told["diversity"].items():
        for name in ("distinct_1", "distinct_2", "distinct_3", "self_bleu"):
            yield f"{name.replace('_', '-')}, {role}", one[name]
        for name, value in (one.get("spread") or {}).items():
            yield f"{name.replace('_', ' ')}, {role}", value
    yield from _costs(told)
    for name, mean in _scores(told):
        yield f"score: {name}", mean
    for sort, groups in told["size_by"].items():
        for value, one in groups.items():
            yield f"share of {sort} {value}", round(one["conversations"] / max(1, size["conversations"]), 4)


def _costs(told: Figures) -> Iterator[tuple[str, float | None]]:
    stages = told["cost"].values()
    for name in ("requests", "prompt_tokens", "completion_tokens"):
        each = [stage[f"{name}_per_accepted"] for stage in stages]
        known = [one for one in each if one is not None]
        yield f"{name.replace('_', ' ')} for an accepted one", round(sum(known), 2) if known else None


def _scores(told: Figures) -> Iterator[tuple[str, float]]:
    """The mean of each score over all kinds."""
    sums: dict[str, tuple[int, int]] = {}
    for scores in told["judging"]["scores_by_kind"].values():
        for name, one in scores.items():
            total, count = sums.get(name, (0, 0))
            total += sum(int(score) * times for score, times in one["counts"].items())
            sums[name] = total, count + sum(one["counts"].values())
    for name, (total, count) in sums.items():
        yield name, round(total / count, 3)
