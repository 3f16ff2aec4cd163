"""A plan that would do, with nothing but its bones: the outline's writer sees it as an example of the form.

`...` stands for what the writer has to invent; `... (to)` is the same text wherever it stands. Tools and
links are those of the conversation's focus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.stages.focus import Focus
from funcdex.stages.kinds import asked_for, failure_of, parameters_of, recovery_of
from funcdex.types.record import Plan
from funcdex.types.tools import Tool

_MOST_OF_A_TURN = 6
_CHANGEABLE = ("string", "integer", "number", "boolean")
_USUAL: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
_OTHERS: Mapping[str, Any] = {"integer": 2, "number": 2, "boolean": False, "array": [], "object": {}}


def sketch_of(plan: Plan, focus: Focus, turns: int) -> dict[str, Any]:
    """A blueprint (`blueprint.py`) of so many turns."""
    first = 2 if plan.kind in ("missing_parameter", "ambiguous_request") and turns > 1 else 1
    calls = focus.calls[: _MOST_OF_A_TURN * (turns - first + 1)]
    places = _places(plan, len(calls), first, turns)
    planned = [
        {
            "user": "...",
            **({"asks": "..."} if number < first else {}),
            "calls": [
                _call(plan, focus, index, place) for index, place in enumerate(places) if place == number
            ],
            "assistant": "...",
        }
        for number in range(1, turns + 1)
    ]
    return {"facts": ["..."], "turns": planned, "ending": "..."}


def _places(plan: Plan, calls: int, first: int, turns: int) -> list[int]:
    """The turn of each call: spread over the turns, but what belongs together in one."""
    if plan.kind == "change_of_mind" and calls == 1:
        return [2 if turns > 1 else 1]
    places = [first + index * (turns - first + 1) // calls for index in range(calls)]
    together = {"parallel_calls": 2, "tool_error": 2}.get(plan.kind, 1)
    return [first if index < together else place for index, place in enumerate(places)]


def _call(plan: Plan, focus: Focus, index: int, turn: int) -> dict[str, Any]:
    tool = focus.calls[index]
    parallel = {"parallel": True} if plan.kind == "parallel_calls" and index == 1 else {}
    return {
        "tool": tool.name,
        **parallel,
        "arguments": _arguments(plan, focus, index, turn),
        "result": _result(plan, index),
    }


def _result(plan: Plan, index: int) -> str:
    if plan.kind != "tool_error" or index:
        return "ok"
    return "empty" if failure_of(plan) == "empty_result" else "error"


def _arguments(plan: Plan, focus: Focus, index: int, turn: int) -> dict[str, Any]:
    """What the call needs, each with where it comes from."""
    tool = focus.calls[index]
    edge = focus.edges[index - 1] if 0 < index <= len(focus.edges) else None
    asked = asked_for(tool)[:1] if plan.kind == "missing_parameter" and not index else ()
    changed = _changed_parameter(plan, tool) if index == 1 else None
    required = tool.parameters.get("required") or ()
    arguments: dict[str, Any] = {}
    for name, schema in parameters_of(tool).items():
        if edge and name == edge.parameter:
            arguments[name] = {"from": index, "field": edge.field}
        elif name in required or name == changed:
            said = turn if index or name in asked else 1
            arguments[name] = {"value": _value(name, schema, changed=name == changed), "turn": said}
    return arguments


def _changed_parameter(plan: Plan, tool: Tool) -> str | None:
    """What the second call of two changes, if it is to change anything."""
    if plan.kind != "tool_error" or recovery_of(plan) != "changed_arguments":
        return None
    known = parameters_of(tool)
    free = [name for name in known if "const" not in known[name]]
    return next((name for name in free if known[name].get("type") in _CHANGEABLE), next(iter(free), None))


def _value(name: str, schema: Mapping[str, Any], *, changed: bool) -> Any:
    if "const" in schema:
        return schema["const"]
    enum: Sequence[Any] = schema.get("enum") or ()
    if enum:
        return enum[-1 if changed else 0]
    kind = schema.get("type")
    values = _OTHERS if changed else _USUAL
    text = f"... (another {name})" if changed else f"... ({name})"
    return values.get(kind if isinstance(kind, str) else "", text)
