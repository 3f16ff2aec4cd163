"""Operations say as tools what they say in their document, as an independent reader finds it.

`bench/fidelity.py` compares operations drawn from the world's documents in the same way.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from faithful.comparing import compared
from faithful.reader import operations

DOCUMENTS = Path(__file__).parent / "documents"


def document(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DOCUMENTS / name).read_text("utf-8"))
    return data


@pytest.mark.parametrize("name", sorted(path.name for path in DOCUMENTS.glob("*.json")))
def test_parameters_types_enums_and_needs_agree_with_an_independent_reader(name: str) -> None:
    data = document(name)
    found = compared(name, data, len(list(operations(data))), random.Random(0))
    assert found.facts > 50
    assert found.wrong == ()


@pytest.mark.parametrize(
    ("path", "value", "differs"),
    [
        (("paths", "/books", "get", "parameters", 1, "required"), False, "available required"),
        (("components", "schemas", "Branch", "enum"), ["north"], "branch enum"),
        (("components", "schemas", "Titled", "properties", "pages", "type"), "string", "pages type"),
        (("components", "schemas", "Titled", "properties", "extra"), {"type": "string"}, "extra missing"),
    ],
)
def test_a_difference_is_found(
    path: tuple[str | int, ...], value: Any, differs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, false = document("library.json"), document("library.json")
    at: Any = false
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    monkeypatch.setattr("faithful.comparing.toolkits_in", lambda *_: _tools_of(true))
    found = compared("library.json", false, 100, random.Random(0))
    assert any(differs in one for one in found.wrong), found.wrong


def _tools_of(data: dict[str, Any]) -> Any:
    from funcdex.toolkits.notes import Notebook
    from funcdex.toolkits.read import toolkits_in

    return toolkits_in(data, "library.json", Notebook())
