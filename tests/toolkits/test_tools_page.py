"""The examples of docs/tools.md are what they say they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from funcdex.toolkits.check import Code
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Toolkit

PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(json|yaml)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def read(tmp_path: Path, kind: str, text: str) -> Toolkit:
    path = tmp_path / f"example.{kind}"
    path.write_text(text, encoding="utf-8")
    result = read_toolkits([path])
    assert result.notes == ()
    (toolkit,) = result.toolkits
    return toolkit


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_every_example_is_a_tool_definition(tmp_path: Path, kind: str, text: str) -> None:
    assert len(read(tmp_path, kind, text).tools) == 1


def test_the_openapi_example_gives_the_call_it_promises(tmp_path: Path) -> None:
    ((kind, text),) = [block for block in BLOCKS if block[0] == "yaml"]
    (tool,) = read(tmp_path, kind, text).tools
    assert f"`{tool.name}({', '.join(tool.parameters['properties'])})`" in PAGE
    assert tool.parameters["required"] == ["memberId", "bookId"]


@pytest.mark.parametrize("code", get_args(Code))
def test_every_code_of_the_check_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGE
