"""Whether the tools of a run can make grammars, found out before the first request.

What was planned is compiled set by set. Where a set fails, its tools are tried one by one; those that fail
are named and shown to no conversation. So no conversation is written up to the point where its grammar
turns out to be none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from funcdex.errors import GrammarError, ToolDefinitionError, UnsupportedSchema
from funcdex.grammar.json_schema import Relaxation
from funcdex.stages.grammars import Grammars
from funcdex.stages.tool_sets import ToolSets
from funcdex.types.tools import Bundle, Tool

_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class CheckedTools:
    """What conversations can be shown. `notes` are for the user: what was left out, and what is not
    enforced."""

    tool_sets: ToolSets
    relaxed: tuple[Relaxation, ...]
    notes: tuple[str, ...]


async def check_tools(tool_sets: ToolSets, grammars: Grammars) -> CheckedTools:
    """Compiles what was planned, some milliseconds for each set, and keeps it in `grammars`.

    Raises ToolDefinitionError if a bundle is left without a tool, GrammarError for tools that make a
    grammar alone but not together, and UnsupportedSchema for what a grammar cannot enforce where that is to
    be refused.
    """
    faults: dict[tuple[str, str], GrammarError] = {}
    relaxed: dict[Relaxation, None] = {}
    for tools in tool_sets.largest():
        found = [tool for tool in tools if _key(tool) not in faults]
        bad = await _unusable(found, grammars)
        faults |= bad
        tool_sets = tool_sets.without([tool for tool in found if _key(tool) in bad])
        if left := [tool for tool in found if _key(tool) not in bad]:
            relaxed |= dict.fromkeys((await grammars.of_tools(left)).relaxed)
    _refuse_empty(list(tool_sets.empty_bundles()), list(faults.values()))
    if relaxed and grammars.limits.unsupported == "refuse":
        raise _unsupported(list(relaxed))
    return CheckedTools(tool_sets, tuple(relaxed), (*_left_out(faults.values()), *_not_enforced(relaxed)))


async def _unusable(tools: Sequence[Tool], grammars: Grammars) -> dict[tuple[str, str], GrammarError]:
    """The tools that have no grammar by themselves; none if all have one together."""
    if not tools or await _fault(tools, grammars) is None:
        return {}
    faults = {_key(tool): await _fault([tool], grammars) for tool in tools}
    return {key: fault for key, fault in faults.items() if fault is not None}


async def _fault(tools: Sequence[Tool], grammars: Grammars) -> GrammarError | None:
    try:
        await grammars.of_tools(tools)
    except GrammarError as error:
        return error
    return None


def _refuse_empty(bundles: Sequence[Bundle], faults: Sequence[GrammarError]) -> None:
    for bundle in bundles:
        why = f", since none makes a grammar: {faults[0].what}" if faults else ": there is none"
        raise ToolDefinitionError(
            f"no tool of {bundle.name} can be shown{why}",
            where=faults[0].where if faults else "tool definitions",
            fix="Correct the tools, or leave their toolkit out.",
        )


def _unsupported(relaxed: Sequence[Relaxation]) -> UnsupportedSchema:
    named = "; ".join(f"{lost.path} uses {lost.keyword!r}" for lost in relaxed[:_NAMED_AT_MOST])
    more = f"; and {len(relaxed) - _NAMED_AT_MOST} more" if len(relaxed) > _NAMED_AT_MOST else ""
    return UnsupportedSchema(
        "grammars cannot enforce all that the tools' schemas ask",
        where=named + more,
        fix="Drop the keywords, or set grammar.unsupported: relax, and they are checked afterwards. "
        "Lengths of strings and uniqueItems are enforced with generation.level: exact.",
    )


def _left_out(faults: Iterable[GrammarError]) -> list[str]:
    return [f"{fault.where}: {fault.what}. The tool is shown to no conversation" for fault in faults]


def _not_enforced(relaxed: Iterable[Relaxation]) -> list[str]:
    counts = Counter(lost.keyword for lost in relaxed)
    if not counts:
        return []
    listed = ", ".join(f"{keyword} ({count})" for keyword, count in counts.most_common())
    total = f"{counts.total()} keywords of the tools' schemas are not enforced by grammars"
    return [f"{total}, only checked afterwards: {listed}"]


def _key(tool: Tool) -> tuple[str, str]:
    return tool.toolkit, tool.name
