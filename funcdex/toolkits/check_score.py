"""One figure a toolkit: how much of it is as a model, and a grammar, would have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.toolkits.check import Finding
from funcdex.toolkits.keywords import walk
from funcdex.types.tools import Toolkit

GrammarCost = Literal["light", "medium", "heavy"]

# Of 1 for each tool: an error takes all of it, each kind of warning so much, however often it is found.
WARNING_COST = 0.15
TOOLKIT_WARNING_COST = 0.05
# Alternatives that a grammar has to follow at once grow with these. An estimate: chosen, not measured.
MEDIUM_WEIGHT, HEAVY_WEIGHT = 150, 600
_PATTERN_WEIGHT = 20


@dataclass(frozen=True, slots=True)
class Score:
    """`score`: 0 to 100. `grammar`: how costly the toolkit's most costly tool is."""

    toolkit: str
    tools: int
    score: int
    errors: int
    warnings: int
    grammar: GrammarCost


def scores(toolkits: Iterable[Toolkit], findings: Iterable[Finding]) -> tuple[Score, ...]:
    """The score of each toolkit, from what was found in it."""
    by_toolkit: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_toolkit[_steps(finding)[0]].append(finding)
    return tuple(_score(toolkit, by_toolkit[toolkit.name]) for toolkit in toolkits)


def _score(toolkit: Toolkit, findings: list[Finding]) -> Score:
    errors = sum(one.severity == "error" for one in findings)
    codes: dict[str, set[str]] = defaultdict(set)
    broken: set[str] = set()
    for one in findings:
        tool = _steps(one)[1]
        codes[tool].add(one.code)
        if one.severity == "error":
            broken.add(tool)
    left = [
        0.0 if tool.name in broken else max(0.0, 1 - WARNING_COST * len(codes[tool.name]))
        for tool in toolkit.tools
    ]
    whole = sum(left) / len(left) - TOOLKIT_WARNING_COST * len(codes[""])
    heaviest = max(_weight(tool.parameters) for tool in toolkit.tools)
    return Score(
        toolkit.name,
        len(toolkit.tools),
        round(100 * max(0.0, whole)),
        errors,
        len(findings) - errors,
        "heavy" if heaviest >= HEAVY_WEIGHT else "medium" if heaviest >= MEDIUM_WEIGHT else "light",
    )


def _steps(finding: Finding) -> tuple[str, str]:
    """Toolkit and tool of a place, the tool "" if it is the toolkit's: names have neither `/` nor blanks."""
    toolkit, _, tool = finding.where.partition(" ")[0].partition("/")
    return toolkit, tool


def _weight(schema: Mapping[str, Any]) -> int:
    """Each optional property may be there or not; values of an enum, and patterns, are paths too."""
    weight = 0
    for _, inner in walk(schema):
        properties, required = inner.get("properties", {}), inner.get("required", ())
        weight += len(properties) + sum(1 for name in properties if name not in required)
        weight += len(inner.get("enum", ())) + (_PATTERN_WEIGHT if "pattern" in inner else 0)
    return weight
