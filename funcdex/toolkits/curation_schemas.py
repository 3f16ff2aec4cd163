"""Makes a schema smaller by a budget: so many levels of objects, so many properties in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funcdex.toolkits.keywords import rebuilt, subschemas


def pruned(schema: Mapping[str, Any], levels: int, properties: int) -> tuple[Mapping[str, Any], int]:
    """`schema` within the budget, and how many optional properties went. Required ones always stay.

    The properties of the schema itself are level 1. Of too many properties the first stay. An object whose
    last property goes stays an object that may hold anything.
    """
    if _fits(schema, levels, properties):
        return schema, 0
    pruner = _Pruner(levels, properties)
    return pruner.smaller(schema, 1), pruner.count


class _Pruner:
    def __init__(self, levels: int, properties: int) -> None:
        self._levels, self._properties = levels, properties
        self.count = 0

    def smaller(self, schema: Any, level: int) -> Any:
        """What stays of a schema whose own properties are of this level."""
        if not isinstance(schema, dict):
            return schema
        given = schema.get("properties")
        if not isinstance(given, dict):
            return rebuilt(schema, lambda inner: self.smaller(inner, level))
        required = schema.get("required", ())
        room = self._properties if level <= self._levels else 0
        free = max(0, room - sum(1 for name in given if name in required))
        kept: dict[str, Any] = {}
        for name, inner in given.items():
            if name in required:
                kept[name] = inner
            elif free > 0:
                free -= 1
                kept[name] = inner
        self.count += len(given) - len(kept)
        rest = {key: value for key, value in schema.items() if key != "properties"}
        made = rebuilt(rest, lambda inner: self.smaller(inner, level))
        if kept or level == 1:
            made["properties"] = {name: self.smaller(inner, level + 1) for name, inner in kept.items()}
        else:
            made.pop("additionalProperties", None)
        # In the order that it was written in, which models are shown.
        return {key: made[key] for key in schema if key in made}


def _fits(schema: Any, levels: int, properties: int) -> bool:
    """Most schemas do, and are not rebuilt then."""
    left = [(schema, 1)]
    while left:
        outer, level = left.pop()
        if not isinstance(outer, dict):
            continue
        given = outer.get("properties")
        is_object = isinstance(given, dict)
        if isinstance(given, dict) and given and (level > levels or len(given) > properties):
            return False
        for path, inner in subschemas(outer):
            left.append((inner, level + 1 if is_object and path[0] == "properties" else level))
    return True
