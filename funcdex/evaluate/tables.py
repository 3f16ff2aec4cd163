"""Figures of evaluations as people read them: rows of tables, for one evaluation and for several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.evaluate.measures import FAULTS, MEASURES
from funcdex.printable import one_line

Row = dict[str, str]
Report = Mapping[str, Any]

_OF_GROUPS = ("exact_match", "string_ratio", "ast_match", "tool_names", "abstention", "error_recovery")
_GROUP_NAMES = {"toolkit": "toolkit", "kind": "kind", "turn": "turn"}


def score_rows(report: Report) -> list[Row]:
    """Each measure with its interval."""
    return [
        {
            "measure": label(name),
            "value": figure(one["value"]),
            "95 % interval": interval(one),
            "of": f"{one['of']:,}",
        }
        for name, one in report["scores"].items()
    ]


def group_rows(report: Report, name: str) -> list[Row]:
    """Each toolkit, kind or turn."""
    groups: Mapping[str, Mapping[str, Any]] = report["by"][name]
    names = [one for one in _OF_GROUPS if any(one in scores for scores in groups.values())]
    return [
        {_GROUP_NAMES[name]: value}
        | {label(one): figure(scores[one]["value"]) if one in scores else "" for one in names}
        | {"contexts": f"{scores['hallucinated_tools']['of']:,}"}
        for value, scores in groups.items()
    ]


def flaw_rows(report: Report) -> list[Row]:
    """What was wrong, the most frequent first."""
    return [{"flaw": code, "contexts": f"{count:,}"} for code, count in report["flaws"].items()]


def cost_rows(report: Report) -> list[Row]:
    """Tokens and cost by model."""
    return [
        {
            "model": model,
            "prompt tokens": f"{used['prompt']:,}",
            "completion tokens": f"{used['completion']:,}",
            "of these reasoning": f"{used['reasoning']:,}",
            "cost": money(used["cost"]),
        }
        for model, used in report["tokens"].items()
    ]


def name_of(report: Report) -> str:
    """The model, or the models."""
    return one_line(", ".join(report["tokens"]) or str(report["asked"]["model"] or "(no answers)"))


def comparison(reports: Sequence[Report]) -> list[Row]:
    """A row for each evaluation, best first by AST match; measures that none has are left out."""
    ordered = sorted(reports, key=lambda report: -_value(report, "ast_match"))
    names = [one for one in MEASURES if any(one in report["scores"] for report in reports)]
    return [_compared(report, names) for report in ordered]


def comparison_by(reports: Sequence[Report], name: str, measure: str) -> list[Row]:
    """A row for each toolkit, kind or turn, a column for each evaluation."""
    values = sorted({value for report in reports for value in report["by"][name]})
    labels = distinct([name_of(report) for report in reports])
    rows = []
    for value in values:
        row = {_GROUP_NAMES[name]: value}
        for title, report in zip(labels, reports, strict=True):
            one = report["by"][name].get(value, {}).get(measure)
            row[title] = f"{figure(one['value'])} {interval(one)}".strip() if one else ""
        rows.append(row)
    return rows


def differences(reports: Sequence[Report]) -> list[str]:
    """What makes the evaluations hard to compare, as sentences."""
    found = []
    if len({report["asked"]["digest"] for report in reports}) > 1:
        found.append("they are of different data sets")
    if len({report["contexts"]["all"] for report in reports}) > 1:
        found.append("they have different numbers of contexts")
    if any(report["unanswered"] for report in reports):
        found.append("contexts that nobody answered are in no measure")
    found += [f"{name_of(report)} is not finished" for report in reports if not report["whole"]]
    found += [f"{name_of(report)} is simulated" for report in reports if report["simulated"]]
    return found


def distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where one occurs again."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        found.append(name if name not in found else f"{name} ({place})")
    return found


def label(name: str) -> str:
    """A measure's name in a table; those of faults are marked."""
    return f"{name.replace('_', ' ')}{' (less is better)' if name in FAULTS else ''}"


def figure(value: float) -> str:
    """`0.8333`."""
    return f"{value:.4f}"


def interval(one: Mapping[str, Any]) -> str:
    """`[0.71, 0.93]`; nothing where there is none."""
    return "" if one["low"] is None else f"[{one['low']:.2f}, {one['high']:.2f}]"


def money(cost: float | None) -> str:
    """`1.2300`; nothing where no price is known."""
    return "" if cost is None else f"{cost:.4f}"


def _compared(report: Report, names: Sequence[str]) -> Row:
    used = report["tokens"].values()
    row = {"model": name_of(report)}
    for name in names:
        one = report["scores"].get(name)
        row[label(name)] = f"{figure(one['value'])} {interval(one)}".strip() if one else ""
    return row | {
        "contexts": f"{report['contexts']['all']:,}",
        "unanswered": f"{sum(report['unanswered'].values()):,}",
        "prompt tokens": f"{sum(one['prompt'] for one in used):,}",
        "completion tokens": f"{sum(one['completion'] for one in used):,}",
        "cost": money(report["cost"]),
    }


def _value(report: Report, name: str) -> float:
    one = report["scores"].get(name)
    return float(one["value"]) if one else -1.0
