"""Makes a Tool and a Toolkit of what a reader found, or says what is wrong with it.

Every reader ends here, so that whatever format a tool came in, the same is promised of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from funcdex.toolkits.keywords import subschemas
from funcdex.toolkits.metaschema import plainly_valid, schema_fault
from funcdex.toolkits.names import is_name, with_valid_arguments
from funcdex.toolkits.place import Place, refuse
from funcdex.types.tools import JsonSchema, Tool, Toolkit

DEEPEST_SCHEMA = 40
"""Levels of a schema. The deepest real one seen has 14; engines that read schemas recurse."""

_NAME_FIX = "Use 1 to 64 of the characters A-Z a-z 0-9 _ -."
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_CHECKED = 100_000


class Checked:
    """Schemas that were found valid and not too deep: tools of one document share most of theirs."""

    def __init__(self) -> None:
        # With each its depth, and itself: while it is kept, no other has its id.
        self._known: dict[int, tuple[Any, int]] = {}

    def passes(self, schema: Any) -> bool:
        """True only if `schema` is valid and of a usable depth; False may mean anything."""
        depth = self._depth(schema, DEEPEST_SCHEMA)
        return depth is not None and depth <= DEEPEST_SCHEMA

    def _depth(self, schema: Any, left: int) -> int | None:
        """Levels of a schema that is plainly valid; None if it has more than `left`, or is not."""
        if not isinstance(schema, dict):
            return 1 if isinstance(schema, bool) else None
        known = self._known.get(id(schema))
        if known is not None:
            return known[1] if known[1] <= left else None
        inner = [sub for _, sub in subschemas(schema)]
        depth = 1
        for sub in inner:
            below = self._depth(sub, left - 1) if left > 1 else None
            if below is None:
                return None
            depth = max(depth, 1 + below)
        if not plainly_valid(schema, inner_too=False):
            return None
        if inner:
            if len(self._known) >= _MOST_CHECKED:
                self._known.clear()
            self._known[id(schema)] = schema, depth
        return depth


def make_tool(
    toolkit: str,
    name: str,
    description: str,
    parameters: Mapping[str, Any] | None,
    response: Mapping[str, Any] | None,
    place: Place,
    keys: tuple[str, str] = ("parameters", "response"),
    *,
    original_name: str = "",
    original_parameters: Mapping[str, str] | None = None,
    deprecated: bool = False,
    checked: Checked | None = None,
) -> Tool:
    """A tool whose name, parameters and response are as `Tool` promises.

    None stands for what is not given: no parameters, nothing known of the response. `place` is the
    tool's, `keys` what the file calls its two schemas. Raises ToolDefinitionError.

    Where `original_parameters` are not given, arguments are renamed whose names no API would take. `checked`:
    schemas inside that other tools have as well.
    """
    if not is_name(name):
        refuse(f"{name!r} cannot name a tool", place, _NAME_FIX)
    taken = _object_schema(parameters or {}, place.at(keys[0]))
    given = response or {}
    if checked is None or not checked.passes(taken):
        _check_schema(taken, f"what stands for the parameters of tool {name!r}", place.at(keys[0]))
    if checked is None or not checked.passes(given):
        _check_schema(given, f"what stands for the response of tool {name!r}", place.at(keys[1]))
    _check_text((name, description, taken, given), place)
    originals: Mapping[str, str] = original_parameters or {}
    if original_parameters is None:
        taken, originals = with_valid_arguments(taken)
    known_as = original_name if original_name != name else ""
    _check_text((known_as, *originals.values()), place)
    return Tool(toolkit, name, description, taken, given, known_as, originals, deprecated)


def make_toolkit(name: str, description: str, tools: Iterable[tuple[Tool, Place]], place: Place) -> Toolkit:
    """A toolkit of at least one tool, all named apart. Raises ToolDefinitionError."""
    if not is_name(name):
        refuse(f"{name!r} cannot name a toolkit", place, _NAME_FIX)
    seen: dict[str, Place] = {}
    made = []
    for tool, where in tools:
        if tool.name in seen:
            what = f"toolkit {name!r} has two tools called {tool.name!r}, the first at {seen[tool.name].path}"
            refuse(what, where, "Rename or remove one of them.")
        seen[tool.name] = where
        made.append(tool)
    if not made:
        refuse(f"toolkit {name!r} has no tools", place, "Add a tool, or remove the toolkit.")
    _check_text(description, place)
    return Toolkit(name, description, tuple(made))


def _object_schema(schema: Mapping[str, Any], place: Place) -> JsonSchema:
    """`schema` as one of an object with properties; what contradicts that is refused."""
    given = schema.get("type", "object")
    if given not in ("object", ["object"]):
        what = f"parameters are an object with one property each, here they are of type {json.dumps(given)}"
        refuse(what, place, 'Write {"type": "object", "properties": {...}}.')
    return {"type": "object", "properties": {}, **schema} | {"type": "object"}


def _check_schema(schema: JsonSchema, what: str, place: Place) -> None:
    _check_depth(schema, what, place)
    fault = schema_fault(schema)
    if fault is not None:
        path, message = fault
        shown = message if len(message) <= 200 else f"{message[:200]}..."
        refuse(f"{what} is no JSON Schema: {shown}", place.at(*path), "Correct it (draft 2020-12).")


def _check_depth(schema: JsonSchema, what: str, place: Place) -> None:
    level: list[Any] = [schema]
    for _ in range(DEEPEST_SCHEMA):
        level = [sub for outer in level if isinstance(outer, dict) for _, sub in subschemas(outer)]
        if not level:
            return
    refuse(f"{what} is nested deeper than {DEEPEST_SCHEMA} levels", place, "Flatten it.")


def _check_text(value: Any, place: Place) -> None:
    """Half a surrogate pair cannot be written to any file or request."""
    try:
        orjson.dumps(value)  # which refuses them, too, and takes a tenth of the time
    except TypeError:
        is_broken = _SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None
    else:
        is_broken = False
    if is_broken:
        refuse("a text here has half of a surrogate pair (\\ud800 to \\udfff)", place, "Remove it.")
