"""Which part of a tool's schemas is why its grammar cannot be used: found by leaving parts out.

Asking is compiling, and a grammar that fails may take its whole time limit to do so. So properties are
halved, not tried one by one, and after `MAX_ASKED` questions the part known by then is named.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from funcdex.types.tools import JsonSchema, Tool

MAX_ASKED = 48

Usable = Callable[[Tool], Awaitable[bool]]
"""Whether a grammar of this one tool can be used."""


async def smallest_fault(tool: Tool, usable: Usable) -> tuple[str, str]:
    """Side (`parameters` or `response`) and JSON path of the smallest part that makes a tool unusable."""
    asking = _Asking(usable)
    bare = replace(tool, parameters={"type": "object"}, response={})

    def with_parameters(part: Any) -> Tool:
        return replace(bare, parameters=part)

    def with_response(part: Any) -> Tool:
        return replace(bare, response=part)

    if not await asking.usable(with_parameters(tool.parameters)):
        return "parameters", await _descend(tool.parameters, "$", with_parameters, asking)
    if not await asking.usable(with_response(tool.response)):
        return "response", await _descend(tool.response, "$", with_response, asking)
    return "parameters and response", "$"


@dataclass(slots=True)
class _Asking:
    question: Usable
    asked: int = 0

    async def usable(self, tool: Tool) -> bool:
        """True when enough has been asked: then nothing smaller is blamed."""
        self.asked += 1
        return self.asked > MAX_ASKED or await self.question(tool)


async def _descend(schema: Any, path: str, put: Callable[[Any], Tool], asking: _Asking) -> str:
    """The path of the smallest failing part of a schema that fails; `put` makes a tool of a schema in its
    place."""
    if not isinstance(schema, Mapping):
        return path
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        names = await _halved(list(properties), lambda some: put(_only(schema, some)), asking)
        if len(names) > 1:
            return f"{path}.properties"
        (name,) = names

        def put_property(part: Any) -> Tool:
            return put({"type": "object", "properties": {name: part}})

        if not await asking.usable(put_property(properties[name])):
            return await _descend(properties[name], f"{path}.properties.{name}", put_property, asking)
    items = schema.get("items")
    if isinstance(items, Mapping) and not await asking.usable(put(items)):
        return await _descend(items, f"{path}.items", put, asking)
    return path


async def _halved(names: list[str], put: Callable[[Sequence[str]], Tool], asking: _Asking) -> list[str]:
    """The names, or as long as one half of them fails by itself, that half."""
    while len(names) > 1:
        middle = len(names) // 2
        for half in (names[:middle], names[middle:]):
            if not await asking.usable(put(half)):
                names = half
                break
        else:
            return names
    return names


def _only(schema: JsonSchema, names: Sequence[str]) -> JsonSchema:
    required = [name for name in schema.get("required") or () if name in names]
    return {
        **schema,
        "properties": {name: schema["properties"][name] for name in names},
        "required": required,
    }
