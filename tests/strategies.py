"""Hypothesis strategies for conversations, tool definitions and values that fit them.

Everything is kept small: what breaks readers and writers is odd, not long.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.tools import JsonSchema, Tool

Exchange = tuple[ToolCall, JsonValue]
"""A call and what answers it."""

TAGS = (
    "</user>",
    "</assistant>",
    "<assistant_thought>",
    "</assistant_thought>",
    "<tool>",
    "</tool>",
    "<tool_response>",
    "</tool_response>",
)
ODD_PIECES = (
    *TAGS,
    "<",
    "<<",
    "</",
    "<t",
    "<a",
    "<b>",
    "x < 5",
    "&",
    "&lt;",
    "&amp;",
    "&amp;lt;",
    "amp;",
    "lt;",
    "</analysis>",
    "</analysis>\n<final>",
    "&lt;/analysis>",
    "<analysis>",
    "<final>",
    "</final>",
    "\n",
    "\r\n",
    "\u00a0",
    "\u2028",
    "\x1c",
    "\x00",
    "\ufeff",
    "\U0001f600",
    '"',
    "\\",
    "{",
    "}",
)
NAMES = ("FETCH_EMAILS", "send-mail", "a", "Z9_")


@cache
def texts() -> st.SearchStrategy[str]:
    """Texts as messages hold them: not empty, no white space around them; tags and escapes inside."""
    pieces = st.lists(st.sampled_from(ODD_PIECES) | st.text(max_size=6), min_size=1, max_size=6)
    return pieces.map(lambda some: "".join(some).strip()).filter(bool)


@cache
def json_values() -> st.SearchStrategy[JsonValue]:
    """Anything that JSON can say."""
    strings = st.text(max_size=6) | st.sampled_from(ODD_PIECES)
    floats = st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | st.integers() | floats | strings
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
        max_leaves=5,
    )


@cache
def json_objects() -> st.SearchStrategy[dict[str, JsonValue]]:
    """Arguments of a call that no schema limits."""
    return st.dictionaries(st.text(max_size=6), json_values(), max_size=3)


@cache
def any_exchanges() -> st.SearchStrategy[Exchange]:
    """Calls of any name with any arguments and any response."""
    calls = st.builds(ToolCall, st.sampled_from(NAMES) | st.text(max_size=8), json_objects())
    return st.tuples(calls, json_values())


def exchanges_of(tools: tuple[Tool, ...]) -> st.SearchStrategy[Exchange]:
    """Calls of these tools with arguments and responses that fit their schemas."""
    return st.one_of([_exchanges_of_tool(tool) for tool in tools])


def _exchanges_of_tool(tool: Tool) -> st.SearchStrategy[Exchange]:
    calls = st.builds(ToolCall, st.just(tool.name), values_for(tool.parameters))
    return st.tuples(calls, values_for(tool.response))


def conversations(
    *,
    thoughts: bool | None = None,
    parallel: bool = True,
    exchanges: st.SearchStrategy[Exchange] | None = None,
    max_turns: int = 3,
) -> st.SearchStrategy[Conversation]:
    """Conversations of every shape. `thoughts` None mixes messages with and without one."""
    calls = any_exchanges() if exchanges is None else exchanges
    steps = st.lists(calls, min_size=1, max_size=2 if parallel else 1).map(_step)
    several = st.lists(steps, min_size=1, max_size=2).map(tuple)
    thought = {None: st.none() | texts(), True: texts(), False: st.none()}[thoughts]
    opening = st.builds(AssistantMessage, st.just("") | texts(), several, thought)
    following = st.builds(AssistantMessage, texts(), several, thought)
    if thoughts is not False:
        following |= st.builds(AssistantMessage, st.just(""), several, texts())
    calling = st.just(()) | st.tuples(opening) | st.tuples(opening, following)
    closing = st.tuples(st.builds(AssistantMessage, texts(), st.just(()), thought))
    messages = st.tuples(calling, closing).map(lambda parts: (*parts[0], *parts[1]))
    turns = st.lists(st.builds(Turn, texts(), messages), min_size=1, max_size=max_turns)
    return turns.map(lambda some: Conversation(tuple(some)))


def _step(exchanges: list[Exchange]) -> Step:
    return Step(tuple(call for call, _ in exchanges), tuple(response for _, response in exchanges))


@cache
def schemas(depth: int = 2) -> st.SearchStrategy[JsonSchema]:
    """Schemas of the kinds that tools use, nested at most `depth` deep; each has a value."""
    if depth == 0:
        return _flat_schemas()
    inner = schemas(depth - 1)
    return st.one_of(
        _flat_schemas(),
        object_schemas(depth - 1),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "maxItems": st.integers(1, 3)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    )


@cache
def _flat_schemas() -> st.SearchStrategy[JsonSchema]:
    words = st.lists(st.sampled_from(["low", "high", 'a"b', "<tool>"]), min_size=1, unique=True)
    return st.one_of(
        st.sampled_from([{"type": "string"}, {"type": "boolean"}, {"type": "number"}, {"type": "null"}]),
        st.just({"type": "integer", "minimum": -5, "maximum": 1000}),
        st.fixed_dictionaries({"type": st.just("string"), "enum": words}),
    )


@st.composite
def object_schemas(draw: st.DrawFn, depth: int = 2) -> JsonSchema:
    """Schemas of closed objects, with some of their properties required."""
    names = draw(st.lists(st.sampled_from(["to", "max_results", "labels", "q"]), max_size=3, unique=True))
    properties = {name: draw(schemas(depth)) for name in names}
    required = [name for name in names if draw(st.booleans())]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


@st.composite
def tools(draw: st.DrawFn, max_size: int = 3) -> tuple[Tool, ...]:
    """Tools of one toolkit with different names; some have a response schema."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=max_size, unique=True))
    responses: st.SearchStrategy[JsonSchema] = st.just({}) | object_schemas(1)
    return tuple(
        Tool("mail", name, f"Does {name}.", draw(object_schemas(1)), draw(responses)) for name in names
    )


def values_for(schema: JsonSchema) -> st.SearchStrategy[Any]:
    """Values that fit a schema of the kinds that `schemas` makes; properties in the schema's order."""
    if not schema:
        return json_values()
    if "anyOf" in schema:
        return st.one_of([values_for(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _values_of_type(schema)


def _values_of_type(schema: JsonSchema) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "string":
            return st.text(max_size=6) | st.sampled_from(ODD_PIECES)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "number":
            return st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "array":
            return st.lists(values_for(schema["items"]), max_size=schema["maxItems"])
        case "object":
            return _objects(schema["properties"], schema["required"])
    raise ValueError(f"no values are known for {schema['type']!r}")


@st.composite
def _objects(
    draw: st.DrawFn, properties: Mapping[str, JsonSchema], required: list[str]
) -> dict[str, JsonValue]:
    present = [name for name in properties if name in required or draw(st.booleans())]
    return {name: draw(values_for(properties[name])) for name in present}
