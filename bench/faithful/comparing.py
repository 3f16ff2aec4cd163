"""Compares what tools say of their arguments with what `reader.py` finds in the document they come from."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from faithful.reader import Argument, arguments, operations

from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.read import toolkits_in
from funcdex.types.tools import Tool

Operation = tuple[str, str, dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Compared:
    """Facts that were compared, and those that differ, in words."""

    facts: int
    wrong: tuple[str, ...]


def compared(name: str, document: dict[str, Any], most: int, dice: random.Random) -> Compared:
    """At most so many operations of a document, drawn at random."""
    every = list(operations(document))
    chosen = dice.sample(every, min(most, len(every)))
    (toolkit,) = toolkits_in(document, name, Notebook())
    by_original = {tool.original_name or tool.name: tool for tool in toolkit.tools}
    facts, wrong = 0, list[str]()
    for operation in chosen:
        method, path, item, data = operation
        identifier = data.get("operationId") or f"{method.upper()} {path}"
        found = _of_operation(by_original.get(identifier), document, item, data)
        facts += len(found)
        wrong += [f"{name} {identifier}: {fact}" for fact, is_same in found if not is_same]
    return Compared(facts, tuple(wrong))


def _of_operation(
    tool: Tool | None, document: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]
) -> list[tuple[str, bool]]:
    if tool is None:
        return [("left out", False)]
    return [
        (f"{key} {fact}", is_same)
        for key, said in arguments(document, item, operation).items()
        for fact, is_same in _of_argument(tool, key, said)
    ]


def _of_argument(tool: Tool, name: str, said: Argument) -> list[tuple[str, bool]]:
    """Fact by fact: is the argument there, of the same type, enum and need."""
    renamed = {original: new for new, original in tool.original_parameters.items()}
    key = renamed.get(name, name)
    properties, required = tool.parameters["properties"], tool.parameters.get("required", [])
    body = properties.get("body", {})
    if key not in properties and name in body.get("properties", {}):
        key, properties, required = name, body["properties"], body.get("required", [])
    if key not in properties:
        return [("missing", False)]
    made = properties[key]
    kinds = made.get("type", [])
    types = frozenset([kinds] if isinstance(kinds, str) else kinds)
    enum = made.get("enum")
    is_same_enum = said.enum is None or list(said.enum)[: len(enum or ())] == enum
    return [
        ("there", True),
        (f"type {sorted(types)} for {sorted(said.types)}", not said.types or types == said.types),
        (f"enum {enum} for {said.enum}", is_same_enum),
        ("required", (key in required) == said.required),
    ]
