"""The figures as tables: (title, rows with the same keys), for the terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, object]
Figures = Mapping[str, Any]
"""What `Stats.as_json` gives."""

_COST_NAMES = {
    "requests": "requests",
    "prompt_tokens": "prompt",
    "completion_tokens": "completion",
    "requests_per_accepted": "requests each",
    "prompt_tokens_per_accepted": "prompt each",
    "completion_tokens_per_accepted": "completion each",
}
_SIZES = {
    "conversations": "number",
    "messages_each": "messages",
    "calls_each": "calls",
    "arguments_a_call": "arguments a call",
    "tokens_each": "tokens",
    "tool_tokens_each": "tokens of tools",
}
_MOST_NAMED = 8


def tables(told: Figures, most_tools: int | None) -> Iterator[tuple[str, Sequence[Row]]]:
    """All of them; some without rows."""
    yield "Conversations", [{"planned": told["planned"]} | told["conversations"]]
    yield from _sizes(told)
    for name, values in told["yield"].items():
        yield f"Yield by {name}", [{name: value, **one} for value, one in values.items()]
    yield "Given up", told["rejected"]
    yield (
        "Requests and tokens by stage; each: for an accepted conversation",
        [
            {"stage": stage} | {_COST_NAMES[name]: figure for name, figure in cost.items()}
            for stage, cost in told["cost"].items()
        ],
    )
    yield f"Corrections, in {told['corrections']['conversations']} conversations", told["corrections"]["by"]
    duplicates = told["duplicates"]
    yield "Duplicates refused", [duplicates] if any(duplicates.values()) else []
    yield from _judging(told)
    yield (
        "Shape of accepted conversations",
        [{"of": name.replace("_", " ")} | _without(one, "counts") for name, one in told["shape"].items()],
    )
    yield from _diversity(told["diversity"])
    yield from _coverage(told["coverage"], most_tools)


def _sizes(told: Figures) -> Iterator[tuple[str, Sequence[Row]]]:
    size = told["size"]
    if not size["conversations"]:
        return
    yield f"Accepted conversations, means; tokens: {size['tokens_by']}", [{"of": "all"} | _size(size)]
    for sort, groups in told["size_by"].items():
        yield f"Means by {sort}", [{sort: value} | _size(one) for value, one in groups.items()]


def _size(one: Figures) -> dict[str, Any]:
    return {label: one[name] for name, label in _SIZES.items()}


def _judging(told: Figures) -> Iterator[tuple[str, Sequence[Row]]]:
    judging = told["judging"]
    yield (
        "Scores by kind",
        [
            {"kind": kind, "score": name, "mean": one["mean"]} | {n: one["counts"].get(n, 0) for n in "12345"}
            for kind, scores in judging["scores_by_kind"].items()
            for name, one in scores.items()
        ],
    )
    columns = ("good", "flawed", "wrong")
    yield (
        "Verdicts on turns",
        [
            {"of": aspect} | {name: counts.get(name, 0) for name in columns}
            for aspect, counts in judging["verdicts"].items()
        ],
    )
    yield (
        "Judging and training",
        [{"agreement": judging["agreement"], "unscored": judging["unscored"], **told["training"]}],
    )


def _diversity(diversity: Figures) -> Iterator[tuple[str, Sequence[Row]]]:
    rows = []
    for role, one in diversity.items():
        spread = one.get("spread") or {}
        rows.append({"words of": role} | _without(one, "spread") | spread)
    yield "Diversity, on a sample", [row for row in rows if row["sample"]]


def _coverage(coverage: Figures, most_tools: int | None) -> Iterator[tuple[str, Sequence[Row]]]:
    yield (
        "Coverage of what was shown",
        [
            {
                "of": sort.replace("_", " "),
                "shown": coverage[f"{sort}_shown"],
                "used": coverage[f"{sort}_{used}"],
                "share": coverage[f"{sort}_share"],
            }
            for sort, used in (("tools", "called"), ("parameters", "given"), ("enum_values", "given"))
        ],
    )
    if coverage["calls_of_tools_not_shown"]:
        yield "Calls of tools that were not shown", [{"calls": coverage["calls_of_tools_not_shown"]}]
    yield "Tools", _tools(coverage["tools"], most_tools)


def _tools(tools: Figures, most: int | None) -> list[Row]:
    """The least called first: those are what a data set lacks."""
    rows: list[Row] = []
    for name, tool in sorted(tools.items(), key=lambda item: item[1]["calls"])[:most]:
        values = (
            f"{parameter}: {value}"
            for parameter, missing in tool["values_never_given"].items()
            for value in missing
        )
        rows.append(
            {
                "tool": name,
                "shown": tool["shown"],
                "called_in": tool["called_in"],
                "calls": tool["calls"],
                "parameters_never_given": _some(tool["never_given"]),
                "values_never_given": _some(list(values)),
            }
        )
    return rows


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (" ..." if len(names) > _MOST_NAMED else "")


def _without(one: Figures, key: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != key}
