"""What is compared: the same request without a grammar, and under each grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.toolkits.read import read_toolkits
from funcdex.types.level import Level
from funcdex.types.request import Dialect
from funcdex.types.tools import Tool

Arm = Mapping[str, Any]
"""Fields that a request gets on top of the common ones. The arms of one comparison share a `logit_bias`,
which keeps answers from ending before their last token."""

LOOSE = Path(__file__).resolve().parents[1] / "grammars" / "predecessor_style.gbnf"
"""The kind of grammar that is dear: any JSON, character by character, with white space without bounds."""


def shipped_tools(count: int) -> tuple[Tool, ...]:
    """Tools of the shipped toolkits, the first of each, then the second of each, and so on."""
    toolkits = read_toolkits([]).toolkits
    most = max(len(toolkit.tools) for toolkit in toolkits)
    in_turn = (toolkit.tools[n] for n in range(most) for toolkit in toolkits if n < len(toolkit.tools))
    return tuple({tool.name: tool for tool in in_turn}.values())[:count]


def grammar_of(tools: Sequence[Tool], level: Level = "schema") -> TreeGrammar:
    """The grammar of conversations of 1 to 8 turns with these tools."""
    return conversation_grammar(
        tools, thoughts=False, parallel_calls=False, min_user_turns=1, max_user_turns=8, level=level
    )


def vllm_arms(
    tool_count: int, dialects: Sequence[Dialect], logit_bias: Mapping[str, float], *, loose: bool
) -> dict[str, Arm]:
    """Without a grammar, ours in each dialect, and one in the style that makes grammars dear."""
    grammar = grammar_of(shipped_tools(tool_count))
    constraints: dict[str, Mapping[str, str]] = {}
    for dialect in dialects:
        field = "structural_tag" if dialect == "structural_tag" else "grammar"
        constraints[f"ours, {dialect}, {tool_count} tools"] = {field: grammar.render(dialect)}
    if loose:
        constraints["loose JSON"] = {"grammar": LOOSE.read_text()}
    arms = {label: {"structured_outputs": each} for label, each in constraints.items()}
    return {label: {"logit_bias": logit_bias, **arm} for label, arm in {"unconstrained": {}, **arms}.items()}


def llamacpp_arms(tool_count: int, **sampling: float) -> dict[str, Arm]:
    """Without a grammar, and ours in GBNF."""
    gbnf = grammar_of(shipped_tools(tool_count)).render("gbnf")
    return {"unconstrained": sampling, f"ours, gbnf, {tool_count} tools": {**sampling, "grammar": gbnf}}
