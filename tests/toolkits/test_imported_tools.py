"""Every tool of the documents kept here makes a grammar and a function that OpenAI would take; 5,000 of the
world's are looked at in the same way by `bench/imported_tools.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from imported_tools import faults_of

from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Tool

HERE = Path(__file__).parent
DOCUMENTS = sorted(
    [*HERE.glob("documents/*.json"), *(HERE.parent / "fuzz" / "corpus" / "tools").glob("*.json")]
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_tool_of_a_document_can_be_used(path: Path) -> None:
    tools = [tool for toolkit in read_toolkits([path]).toolkits for tool in toolkit.tools]
    assert tools and [fault for tool in tools for fault in faults_of(tool)] == []


def test_every_shipped_tool_can_be_used() -> None:
    faults = [fault for kit in read_toolkits([]).toolkits for tool in kit.tools for fault in faults_of(tool)]
    assert faults == []


def test_what_cannot_be_used_is_told() -> None:
    tool = Tool("k", "a b", "x" * 2000, {"type": "object", "properties": {"a": {"type": "nothing"}}})
    assert len(faults_of(tool)) >= 3
