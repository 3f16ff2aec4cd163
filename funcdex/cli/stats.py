"""`funcdex stats`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from funcdex.cli.tables import JsonOption, show, write_json
from funcdex.printable import printable

_Row = Mapping[str, object]
_TOOLS_SHOWN = 30
_COST_NAMES = {
    "requests": "requests",
    "prompt_tokens": "prompt",
    "completion_tokens": "completion",
    "requests_per_accepted": "requests each",
    "prompt_tokens_per_accepted": "prompt each",
    "completion_tokens_per_accepted": "completion each",
}


def stats(
    source: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="A run directory, or JSON Lines.")],
    all_tools: Annotated[bool, typer.Option("--all-tools", help="Every tool, not the least called.")] = False,
    json: JsonOption = None,
) -> None:
    """Figures of a run or a data set: yield, reasons of rejection, cost, scores, shape, coverage of tools.

    Example: funcdex stats runs/first --json stats.json
    """
    from funcdex.stats.read import stats_of

    told = stats_of(source).as_json()
    if json:
        write_json(json, told)
        return
    for title, rows in _tables(told, None if all_tools else _TOOLS_SHOWN):
        if rows:
            show(title, rows, None)
            sys.stdout.write("\n")
    for bad in told["bad"]:
        sys.stdout.write(printable(f"not counted: {bad}\n"))
    sys.stdout.write(f"{told['lines']} lines read, {told['bad_lines']} not counted\n")


def _tables(told: Mapping[str, Any], most_tools: int | None) -> Iterator[tuple[str, Sequence[_Row]]]:
    ended = told["conversations"]
    yield "Conversations", [{"planned": told["planned"]} | ended]
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
    judging = told["judging"]
    yield (
        "Scores by kind",
        [
            {"kind": kind, "score": name, "mean": one["mean"]} | {n: one["counts"].get(n, 0) for n in "12345"}
            for kind, scores in judging["scores_by_kind"].items()
            for name, one in scores.items()
        ],
    )
    yield "Verdicts on turns", _verdicts(judging["verdicts"])
    yield (
        "Judging and training",
        [{"agreement": judging["agreement"], "unscored": judging["unscored"], **told["training"]}],
    )
    shape = told["shape"].items()
    yield (
        "Shape of accepted conversations",
        [{"of": name.replace("_", " ")} | _without(one, "counts") for name, one in shape],
    )
    coverage = told["coverage"]
    yield (
        "Coverage of what was shown",
        [
            {
                "of": sort,
                "shown": coverage[f"{sort}_shown"],
                "used": coverage[f"{sort}_{used}"],
                "share": coverage[f"{sort}_share"],
            }
            for sort, used in (("tools", "called"), ("parameters", "given"))
        ],
    )
    if coverage["calls_of_tools_not_shown"]:
        yield "Calls of tools that were not shown", [{"calls": coverage["calls_of_tools_not_shown"]}]
    yield "Tools", _tools(coverage["tools"], most_tools)


def _verdicts(verdicts: Mapping[str, Mapping[str, int]]) -> list[_Row]:
    columns = ("good", "flawed", "wrong")
    return [
        {"of": aspect} | {name: counts.get(name, 0) for name in columns}
        for aspect, counts in verdicts.items()
    ]


def _tools(tools: Mapping[str, Mapping[str, Any]], most: int | None) -> list[_Row]:
    """The least called first: those are what a data set lacks."""
    rows: list[_Row] = [
        {
            "tool": name,
            "shown": tool["shown"],
            "called_in": tool["called_in"],
            "calls": tool["calls"],
            "parameters_never_given": ", ".join(tool["never_given"][:8])
            + (" ..." if len(tool["never_given"]) > 8 else ""),
        }
        for name, tool in sorted(tools.items(), key=lambda item: item[1]["calls"])
    ]
    return rows[:most]


def _without(one: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != key}
