"""What a person says of fields and parameters of the shipped toolkits: which joins are right.

`labels.json` has parameters by toolkit. Of each, patterns of `TOOL field` that can be its value (`true`), of
those that look so and are not (`not`), and of those about which one can be of two minds (`perhaps`, which
count neither way); every other field of the toolkit cannot. `targets` are the tools whose parameter is meant,
all that have it where left out. What a tool returns because it was told the very same counts neither way:
it has the parameter itself, or is among those `given` it under another name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funcdex.toolkits.graph import Edge
from funcdex.types.error_response import response_forms
from funcdex.types.tools import JsonSchema, Tool

LABELS = Path(__file__).parent / "labels.json"
_GONE = re.compile(r"^(DELETE|REMOVE|ARCHIVE_ALL|CANCEL)_")


@dataclass(frozen=True, slots=True)
class Counts:
    """Of edges into labelled parameters: `wanted` are pairs of a tool and a parameter that can be joined."""

    right: int = 0
    wrong: int = 0
    found: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.right + other.right,
            self.wrong + other.wrong,
            self.found + other.found,
            self.wanted + other.wanted,
        )

    @property
    def precision(self) -> float:
        """Share of the edges that are right; 1 if there are none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Share of the pairs that are joined by a right edge."""
        return self.found / self.wanted if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """One parameter of some tools."""

    targets: tuple[str, ...]
    parameter: str
    true: tuple[re.Pattern[str], ...]
    perhaps: tuple[re.Pattern[str], ...]
    never: tuple[re.Pattern[str], ...]
    given: tuple[re.Pattern[str], ...]

    def verdict(self, source: str, field: str) -> bool | None:
        """Whether a field can be the value; None where one can be of two minds."""
        told = f"{source} {field}"
        if any(one.search(told) for one in self.never):
            return False
        if any(one.search(told) for one in self.true):
            return True
        return None if any(one.search(told) for one in self.perhaps) else False


def labels(tools: Mapping[str, Sequence[Tool]]) -> dict[str, list[Labelled]]:
    """What is labelled, by toolkit; `tools` are those of each."""
    raw: dict[str, list[dict[str, Any]]] = json.loads(LABELS.read_text())
    return {kit: [_labelled(one, tools[kit]) for one in some] for kit, some in raw.items()}


def _labelled(raw: Mapping[str, Any], tools: Sequence[Tool]) -> Labelled:
    having = [tool.name for tool in tools if raw["parameter"] in tool.parameters.get("properties", {})]
    targets = raw.get("targets", having)
    assert targets and set(targets) <= set(having), raw
    patterns = (tuple(map(re.compile, raw.get(key, ()))) for key in ("true", "perhaps", "not", "given"))
    return Labelled(tuple(targets), raw["parameter"], *patterns)


def counted(
    one: Labelled, tools: Sequence[Tool], edges: Sequence[Edge]
) -> tuple[Counts, list[Edge], set[tuple[str, str]]]:
    """The counts of one label, the wrong edges, and the pairs (source, target) that are missing."""
    told = {tool.name for tool in tools if _is_told(tool, one)}
    right, wrong = set[tuple[str, str]](), list[Edge]()
    good = 0
    for edge in edges:
        if edge.parameter == one.parameter and edge.target in one.targets and edge.source not in told:
            verdict = one.verdict(edge.source, edge.field)
            if verdict:
                good += 1
                right.add((edge.source, edge.target))
            elif verdict is False:
                wrong.append(edge)
    wanted = {
        (tool.name, target)
        for tool in tools
        if tool.name not in told and not _GONE.match(tool.name)
        for target in one.targets
        if target != tool.name and any(one.verdict(tool.name, field) for field in fields_of(tool))
    }
    return Counts(good, len(wrong), len(right & wanted), len(wanted)), wrong, wanted - right


def _is_told(tool: Tool, one: Labelled) -> bool:
    """Whether a tool must be given what the label is about, and so returns nothing new."""
    asked = tool.name in one.targets and one.parameter in (tool.parameters.get("required") or ())
    return asked or any(given.fullmatch(tool.name) for given in one.given)


def fields_of(tool: Tool) -> Iterator[str]:
    """The paths of all texts and numbers that a tool returns."""
    yield from _leaves(response_forms(tool.response).fine, "")


def _leaves(schema: JsonSchema, path: str) -> Iterator[str]:
    if isinstance(schema.get("properties"), Mapping):
        for name, sub in schema["properties"].items():
            yield from _leaves(sub, f"{path}.{name}" if path else name)
    elif isinstance(schema.get("items"), Mapping):
        yield from _leaves(schema["items"], f"{path}[0]")
    else:
        yield path
