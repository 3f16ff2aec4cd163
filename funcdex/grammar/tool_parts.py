"""How a call and a response are written for each tool, at each level of strictness."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from funcdex.errors import GrammarError
from funcdex.grammar.ir import JsonString, Literal, Node, sequence
from funcdex.grammar.json_rules import JsonRules
from funcdex.grammar.json_schema import Relaxation, read_schema
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.shapes import ANY_OBJECT, AnyValue, Closed, Either, Open, Shape
from funcdex.types.tools import JsonSchema, Tool

Level = OneOf["markup", "names", "schema"]


@dataclass(frozen=True, slots=True)
class ToolParts:
    """The JSON inside `<tool>` and inside `<tool_response>`; they belong together."""

    hint: str
    call: Node
    response: Node


def tool_parts(
    tools: Sequence[Tool], level: Level, book: RuleBook
) -> tuple[tuple[ToolParts, ...], tuple[Relaxation, ...]]:
    """The parts of each tool, by name, so that the order of `tools` does not matter; one entry for all tools
    where the level does not tell them apart. Also what the schemas lose.

    Raises GrammarError if two tools share a name, UnsupportedSchema if a schema has no value at all.
    """
    rules = JsonRules(book)
    ordered = _by_name(tools)
    if not ordered:
        return (), ()
    anything = rules.node(AnyValue(), "")
    arguments = rules.node(ANY_OBJECT, "")
    if level == "markup":
        call = sequence(
            Literal('{"name": '), JsonString(), Literal(', "arguments": '), arguments, Literal("}")
        )
        return (ToolParts("tool", call, anything),), ()
    if level == "names":
        return tuple(ToolParts(tool.name, _call(tool.name, arguments), anything) for tool in ordered), ()
    return _strict_parts(ordered, rules)


def _strict_parts(
    tools: Iterable[Tool], rules: JsonRules
) -> tuple[tuple[ToolParts, ...], tuple[Relaxation, ...]]:
    parts: list[ToolParts] = []
    relaxed: list[Relaxation] = []
    for tool in tools:
        arguments, lost_in_call = _read(tool, "parameters", tool.parameters)
        response, lost_in_response = _read(tool, "response", tool.response or {"type": "object"})
        call = _call(tool.name, rules.node(_as_object(arguments), f"{tool.name}-arguments"))
        parts.append(ToolParts(tool.name, call, rules.node(response, f"{tool.name}-response")))
        relaxed.extend((*lost_in_call, *lost_in_response))
    return tuple(parts), tuple(relaxed)


def _by_name(tools: Sequence[Tool]) -> list[Tool]:
    ordered = sorted(tools, key=lambda tool: tool.name)
    for one, next_one in zip(ordered, ordered[1:], strict=False):
        if one.name == next_one.name:
            raise GrammarError(
                "two tools have the same name",
                where=f"{one.toolkit}/{one.name} and {next_one.toolkit}/{next_one.name}",
                fix="Rename one of them, or take the tools from a bundle, which names them apart.",
            )
    return ordered


def _call(name: str, arguments: Node) -> Node:
    written = json.dumps(name, ensure_ascii=False)
    return sequence(Literal(f'{{"name": {written}, "arguments": '), arguments, Literal("}"))


def _read(tool: Tool, side: str, schema: JsonSchema) -> tuple[Shape, tuple[Relaxation, ...]]:
    reading = read_schema(schema, where=f"{side} of tool {tool.toolkit}/{tool.name}")
    prefix = f"{tool.toolkit}/{tool.name} {side}: "
    return reading.shape, tuple(replace(lost, path=prefix + lost.path) for lost in reading.relaxed)


def _as_object(shape: Shape) -> Shape:
    """Arguments are an object, also where their schema does not say so."""
    objects = shape.options if isinstance(shape, Either) else (shape,)
    return shape if all(isinstance(each, Closed | Open) for each in objects) else ANY_OBJECT
