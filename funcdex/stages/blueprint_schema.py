"""The JSON Schema of a blueprint: which tools and parameters there are, and that a call has what it needs.

It depends on the candidates and on nothing else of a conversation, so that a server compiles one grammar for
each set of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funcdex.settings.generation import GenerationSettings
from funcdex.stages.blueprint import MOST_CALLS, MOST_FACTS, RESULTS
from funcdex.stages.kinds import parameters_of
from funcdex.types.tools import Tool

_MOST_CALLS_OF_A_TURN = 6
_LONGEST_ENUM = 60
_TYPES = ("string", "integer", "number", "boolean", "array", "object")
_TEXT = {"type": "string"}
_RETURNED = {
    "type": "object",
    "properties": {
        "from": {"type": "integer", "minimum": 1, "maximum": MOST_CALLS},
        "field": {"type": "string"},
    },
    "required": ["from", "field"],
    "additionalProperties": False,
}


def blueprint_schema(
    tools: Sequence[Tool], generation: GenerationSettings, *, loose: bool = False
) -> dict[str, Any]:
    """The schema of plans that call these tools; of plans that call nothing, if there are none.

    `loose`: arguments may have any names, for tools whose parameters are too many for a grammar; the check of
    the plan finds what is wrong then.
    """
    ordered = sorted(tools, key=lambda tool: tool.name)
    if not ordered:
        call: Mapping[str, Any] = _TEXT
    elif loose:
        names = {"type": "string", "enum": [tool.name for tool in ordered]}
        call = _call(names, {"type": "object", "additionalProperties": _source({}, generation)})
    else:
        call = {
            "anyOf": [
                _call({"type": "string", "enum": [one.name]}, _arguments(one, generation)) for one in ordered
            ]
        }
    most = _MOST_CALLS_OF_A_TURN if ordered else 0
    turn = _closed(
        {
            "user": _TEXT,
            "asks": _TEXT,
            "calls": {"type": "array", "items": call, "maxItems": most},
            "assistant": _TEXT,
        },
        optional=("asks",),
    )
    turns = {
        "type": "array",
        "items": turn,
        "minItems": generation.min_user_turns,
        "maxItems": generation.max_user_turns,
    }
    facts = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_FACTS}
    return _closed({"facts": facts, "turns": turns, "ending": _TEXT})


def _call(tool: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    fields = {"tool": tool, "parallel": {"type": "boolean"}, "arguments": arguments}
    result = {"type": "string", "enum": list(RESULTS)}
    return _closed({**fields, "result": result}, optional=("parallel",))


def _arguments(tool: Tool, generation: GenerationSettings) -> dict[str, Any]:
    known = parameters_of(tool)
    required = tool.parameters.get("required")
    needed = required if isinstance(required, list | tuple) else ()
    sources = {name: _source(schema, generation) for name, schema in known.items()}
    return _closed(sources, optional=[name for name in known if name not in needed])


def _source(schema: Mapping[str, Any], generation: GenerationSettings) -> dict[str, Any]:
    turn = {"type": "integer", "minimum": 0, "maximum": generation.max_user_turns}
    return {"anyOf": [_closed({"value": _value(schema), "turn": turn}), _RETURNED]}


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Only the type, or which values there are: the rest is for the grammar of the conversation."""
    if "const" in schema:
        return {"const": schema["const"]}
    enum = schema.get("enum")
    if isinstance(enum, list | tuple) and 0 < len(enum) <= _LONGEST_ENUM:
        return {"enum": list(enum)}
    kind = schema.get("type")
    return {"type": kind} if kind in _TYPES else {}


def _closed(properties: Mapping[str, Any], *, optional: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }
