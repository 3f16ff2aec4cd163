"""Tools of one toolkit that a model could not choose between: versions of one another, or the same twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from funcdex.types.tools import Tool

# `v1`, `v2beta1`, `v3.1`: a whole word of a name or of a path, or one that ends or begins a word in capitals.
_VERSION = re.compile(
    r"(?<![A-Za-z0-9])v(\d{1,3})(?:[._](\d{1,3}))?((?:alpha|beta|preview)\d*)?(?![A-Za-z0-9])", re.I
)
_CAPITALS = re.compile(r"(?<=[a-z])V(\d{1,2})(?![a-z0-9])")

Report = Callable[[str, str], None]


def without_duplicates(
    tools: Iterable[Tool], merge_versions: bool, merge_same: bool, report: Report
) -> list[Tool]:
    """The tools that stay, in their order; `report` is told (rule, where) of each that goes."""
    kept = list(tools)
    if merge_versions:
        kept = _newest(kept, report)
    return _first_of_same(kept, report) if merge_same else kept


def _newest(tools: list[Tool], report: Report) -> list[Tool]:
    best: dict[str, Tool] = {}
    for tool in tools:
        key = _without_version(tool)
        other = best.setdefault(key, tool)
        if other is not tool and _version(tool) > _version(other):
            best[key] = tool
    kept = []
    for tool in tools:
        winner = best[_without_version(tool)]
        if winner is tool or _version(tool) == _version(winner):
            kept.append(tool)
        else:
            report("version_merged", f"{tool.toolkit}/{tool.name} into {winner.name}")
    return kept


def _without_version(tool: Tool) -> str:
    name = tool.original_name or tool.name
    return _CAPITALS.sub("V", _VERSION.sub("v", name))


def _version(tool: Tool) -> tuple[int, int, int]:
    """(major, minor, 1 if stable); (0, 0, 1) of a name without one. What is deprecated is the oldest."""
    name = tool.original_name or tool.name
    found = _VERSION.search(name)
    if tool.deprecated:
        return (-1, 0, 0)
    if found is None:
        capitals = _CAPITALS.search(name)
        return (int(capitals[1]) if capitals else 0, 0, 1)
    # A stable version is taken before a preview of a later one.
    return (int(found[1]) if not found[3] else 0, int(found[2] or 0), 0 if found[3] else 1)


def _first_of_same(tools: list[Tool], report: Report) -> list[Tool]:
    first: dict[str, Tool] = {}
    kept = []
    for tool in tools:
        if not tool.description:
            kept.append(tool)
            continue
        key = json.dumps([tool.description, tool.parameters, tool.response], sort_keys=True)
        other = first.setdefault(key, tool)
        if other is tool:
            kept.append(tool)
        else:
            report("same_merged", f"{tool.toolkit}/{tool.name} into {other.name}")
    return kept
