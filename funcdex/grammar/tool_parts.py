"""How a call and its response are written for each tool, at each level of strictness."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from funcdex.errors import GrammarError
from funcdex.grammar.ir import JsonString, Literal, Node, choice, sequence
from funcdex.grammar.json_rules import JsonRules
from funcdex.grammar.json_schema import Relaxation, read_schema
from funcdex.grammar.rules import RuleBook
from funcdex.grammar.shapes import ANY_OBJECT, AnyValue, Closed, Open, Shape, options_of
from funcdex.types.error_response import ERROR_SCHEMA, response_forms
from funcdex.types.level import STRICT, Level
from funcdex.types.tools import JsonSchema, Tool


@dataclass(frozen=True, slots=True)
class ToolParts:
    """The JSON inside `<tool>` and inside `<tool_response>`; they belong together.

    `response` is any that the tool may give. Where it may be an error, `fine` and `error` are the two kinds
    of it; elsewhere `fine` is the response and `error` None. A response of which nothing is known may be an
    error as well as fine.
    """

    name: str
    call: Node
    response: Node
    fine: Node
    error: Node | None = None


def tool_parts(
    tools: Sequence[Tool], level: Level, book: RuleBook, *, errors: bool = False
) -> tuple[tuple[ToolParts, ...], tuple[Relaxation, ...]]:
    """The parts of each tool, by name, so that the order of `tools` does not matter; one entry for all tools
    where the level does not tell them apart. Also what the schemas lose. `errors`: responses may be errors.

    Raises GrammarError if two tools share a name, UnsupportedSchema if a schema has no value at all.
    """
    rules = JsonRules(book)
    ordered = _by_name(tools)
    if not ordered:
        return (), ()
    anything = rules.node(AnyValue(), "")
    arguments = rules.node(ANY_OBJECT, "")
    if level in STRICT:
        return _strict_parts(ordered, rules, errors, exact=level == "exact")
    error = _general_error(rules) if errors else None
    if level == "names":
        calls = {tool.name: _call(tool.name, arguments) for tool in ordered}
    else:
        begin = sequence(Literal('{"name": '), JsonString(), Literal(', "arguments": '))
        calls = {"tool": sequence(begin, arguments, Literal("}"))}
    return tuple(ToolParts(name, call, anything, anything, error) for name, call in calls.items()), ()


def _strict_parts(
    tools: Iterable[Tool], rules: JsonRules, errors: bool, *, exact: bool
) -> tuple[tuple[ToolParts, ...], tuple[Relaxation, ...]]:
    parts: list[ToolParts] = []
    relaxed: list[Relaxation] = []
    for tool in tools:
        arguments, lost = _read(tool, "parameters", tool.parameters, exact=exact)
        relaxed.extend(lost)
        call = _call(tool.name, rules.node(_as_object(arguments), f"{tool.name}-arguments"))
        of = _responses_with_errors if errors else _responses
        responses, lost = of(tool, rules, exact=exact)
        relaxed.extend(lost)
        parts.append(ToolParts(tool.name, call, *responses))
    return tuple(parts), tuple(relaxed)


def _responses(
    tool: Tool, rules: JsonRules, *, exact: bool
) -> tuple[tuple[Node, ...], tuple[Relaxation, ...]]:
    """The response when all is well, twice."""
    shape, lost = _read(
        tool, "response", response_forms(tool.response or {"type": "object"}).fine, exact=exact
    )
    node = rules.node(shape, f"{tool.name}-response")
    return (node, node), lost


def _responses_with_errors(
    tool: Tool, rules: JsonRules, *, exact: bool
) -> tuple[tuple[Node, ...], tuple[Relaxation, ...]]:
    """The response, whatever it is; the fine one; the error."""
    forms = response_forms(tool.response or {"type": "object"})
    shape, lost = _read(tool, "response", forms.fine, exact=exact)
    fine = rules.node(shape, f"{tool.name}-response")
    if forms.own:
        failed, lost_in_error = _read(tool, "error response", forms.error, exact=exact)
        error = rules.node(failed, f"{tool.name}-error")
        return (choice(fine, error), fine, error), (*lost, *lost_in_error)
    error = _general_error(rules)
    covered = isinstance(shape, AnyValue) or shape == ANY_OBJECT
    return (fine if covered else choice(fine, error), fine, error), lost


def _general_error(rules: JsonRules) -> Node:
    return rules.node(read_schema(ERROR_SCHEMA, where="the form of errors").shape, "error")


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


def _read(tool: Tool, side: str, schema: JsonSchema, *, exact: bool) -> tuple[Shape, tuple[Relaxation, ...]]:
    reading = read_schema(schema, where=f"{side} of tool {tool.toolkit}/{tool.name}", exact=exact)
    prefix = f"{tool.toolkit}/{tool.name} {side}: "
    return reading.shape, tuple(replace(lost, path=prefix + lost.path) for lost in reading.relaxed)


def _as_object(shape: Shape) -> Shape:
    """Arguments are an object, also where their schema does not say so."""
    objects = options_of(shape)
    return shape if all(isinstance(each, Closed | Open) for each in objects) else ANY_OBJECT
