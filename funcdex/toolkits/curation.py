"""Makes imported tools fit for conversations, by rules, and says what each rule did.

Pure: a toolkit and rules in, a toolkit and a report out. The steps, in this order: what is deprecated,
near-duplicates, arguments that no user would state, size of schemas, descriptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from funcdex.toolkits.curation_duplicates import without_duplicates
from funcdex.toolkits.curation_rules import Rules
from funcdex.toolkits.curation_schemas import pruned
from funcdex.toolkits.keywords import rebuilt
from funcdex.toolkits.prose import plain, shortened
from funcdex.types.tools import Tool, Toolkit

MOST_EXAMPLES = 20
DEPRECATED = "Deprecated."


@dataclass(slots=True)
class CurationReport:
    """What went or was changed: by rule how often, and the first places it happened at."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, rule: str, where: str) -> None:
        """The rule took or changed something at `where` (`toolkit/tool`, or `toolkit/tool argument`)."""
        self.counts[rule] = self.counts.get(rule, 0) + 1
        shown = self.examples.setdefault(rule, [])
        if len(shown) < MOST_EXAMPLES:
            shown.append(where)

    def as_json(self) -> dict[str, Any]:
        """For a file: `{rule: {"count": n, "examples": [...]}}`, the most frequent rule first."""
        ordered = sorted(self.counts.items(), key=lambda entry: (-entry[1], entry[0]))
        return {rule: {"count": count, "examples": self.examples[rule]} for rule, count in ordered}


def curated(toolkit: Toolkit, rules: Rules, report: CurationReport) -> Toolkit | None:
    """The toolkit as the rules want it; None if they leave no tool."""
    tools = _by_deprecation(toolkit.tools, rules, report)
    tools = without_duplicates(tools, rules.merge_versions, rules.merge_same, report.add)
    made = tuple(_tool(tool, rules, report) for tool in tools)
    if not made:
        report.add("toolkit_without_tools", toolkit.name)
        return None
    description = _cleaned(toolkit.description, rules.descriptions.toolkit_chars, toolkit.name, report)
    return Toolkit(toolkit.name, description, made)


def _by_deprecation(tools: Iterable[Tool], rules: Rules, report: CurationReport) -> list[Tool]:
    made: list[Tool] = []
    for tool in tools:
        if not tool.deprecated or rules.deprecated == "keep":
            made.append(tool)
        elif rules.deprecated == "drop":
            report.add("deprecated_dropped", _name(tool))
        else:
            report.add("deprecated_marked", _name(tool))
            is_said = tool.description.lower().startswith("deprecated")
            text = tool.description if is_said else f"{DEPRECATED} {tool.description}".strip()
            made.append(replace(tool, description=text))
    return made


def _tool(tool: Tool, rules: Rules, report: CurationReport) -> Tool:
    where = _name(tool)
    parameters = _without_dropped(tool, rules, report)
    budget = rules.schemas
    schemas = []
    for side, schema in (("parameters", parameters), ("response", tool.response)):
        smaller, count = pruned(schema, budget.levels, budget.properties)
        if count:
            report.add(f"{side}_pruned", f"{where}: {count}")
        schemas.append(_with_clean_texts(smaller, rules.descriptions.parameter_chars))
    return replace(
        tool,
        description=_cleaned(tool.description, rules.descriptions.tool_chars, where, report),
        parameters=schemas[0],
        response=schemas[1],
        original_parameters={
            name: original
            for name, original in tool.original_parameters.items()
            if name in schemas[0].get("properties", {})
        },
    )


def _without_dropped(tool: Tool, rules: Rules, report: CurationReport) -> Mapping[str, Any]:
    properties = tool.parameters.get("properties", {})
    required = tool.parameters.get("required", ())
    dropped: set[str] = set()
    for name in properties:
        original = tool.original_parameters.get(name, name)
        for rule in rules.drop_parameters:
            if rule.takes(name, name in required) or rule.takes(original, name in required):
                report.add(f"parameter_{rule.rule}", f"{_name(tool)} {name}")
                dropped.add(name)
                break
    if not dropped:
        return tool.parameters
    kept = {name: schema for name, schema in properties.items() if name not in dropped}
    made = {**tool.parameters, "properties": kept}
    if "required" in made:
        made["required"] = [name for name in required if name not in dropped]
    return made


def _with_clean_texts(schema: Any, most_chars: int) -> Any:
    """The descriptions inside, without markup and not too long. A property may be called `description`."""
    if not isinstance(schema, dict):
        return schema
    made = rebuilt(schema, lambda inner: _with_clean_texts(inner, most_chars))
    text = made.get("description")
    if isinstance(text, str):
        cleaned = shortened(plain(text), most_chars)
        made["description"] = cleaned
        if not cleaned:
            del made["description"]
    return made


def _cleaned(text: str, most_chars: int, where: str, report: CurationReport) -> str:
    bare = plain(text)
    if bare != text:
        report.add("description_cleaned", where)
    short = shortened(bare, most_chars)
    if short != bare:
        report.add("description_shortened", where)
    return short


def _name(tool: Tool) -> str:
    return f"{tool.toolkit}/{tool.name}"
