"""`funcdex tools` with a catalogue, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import run_command

from funcdex.toolkits.read import read_toolkits


def said(*arguments: object, code: int = 0) -> str:
    result = run_command(*arguments, timeout_s=240)
    assert result.returncode == code, result.stderr
    return result.stdout if code == 0 else result.stderr


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalogue") / "tools.db"
    shipped = Path(__file__).parents[2] / "tool_definitions"
    assert "added to" in said("tools", "import", shipped, "--catalog", path)
    return path


def test_a_second_import_finds_nothing_to_do(catalog: Path) -> None:
    shipped = Path(__file__).parents[2] / "tool_definitions"
    assert said("tools", "import", shipped, "--catalog", catalog).startswith(
        "0 tools in 0 toolkits of 0 files"
    )


def test_an_import_goes_to_a_file_or_a_catalogue(catalog: Path, tmp_path: Path) -> None:
    asked = ("tools", "import", tmp_path / "x.json")
    assert "--catalog" in said(*asked, code=2)
    assert "--catalog" in said(*asked, "--out", tmp_path / "y.json", "--catalog", catalog, code=2)


def test_tools_are_searched_listed_and_shown(catalog: Path) -> None:
    given = ("--catalog", catalog, "--json", "-")
    found = json.loads(said("tools", "search", "create an issue", "--limit", 2, *given))
    assert found[0]["tool"] == "jira/CREATE_ISSUE" and len(found) == 2
    listed = json.loads(said("tools", "list", *given))
    assert [one["toolkit"] for one in listed] == sorted(kit.name for kit in read_toolkits([]).toolkits)
    assert json.loads(said("tools", "show", "jira/CREATE_ISSUE", *given))["name"] == "CREATE_ISSUE"
    assert "Did you mean" in said("tools", "show", "jra", *given, code=2)


def test_the_same_search_works_without_a_catalogue(tmp_path: Path) -> None:
    found = json.loads(said("tools", "search", "create an issue", "--json", "-"))
    assert found[0]["tool"] == "jira/CREATE_ISSUE"
    assert said("tools", "search", "xyzzyplugh") == "no tools found\n"


def test_chosen_tools_are_written_as_a_tool_file(catalog: Path, tmp_path: Path) -> None:
    out = tmp_path / "picked.json"
    asked = ("tools", "pick", "gmail/SEND_MESSAGE", "stripe", "gmail/LIST_LABELS", "--catalog", catalog)
    assert "in 2 toolkits" in said(*asked, "--out", out)
    gmail, stripe = read_toolkits([out]).toolkits
    assert [tool.name for tool in gmail.tools] == ["SEND_MESSAGE", "LIST_LABELS"]
    assert stripe == next(kit for kit in read_toolkits([]).toolkits if kit.name == "stripe")


def test_proposed_bundles_are_written_as_wanted_toolkits(catalog: Path, tmp_path: Path) -> None:
    out = tmp_path / "wanted.json"
    rows = json.loads(said("tools", "bundles", "--catalog", catalog, "--out", out, "--json", "-"))
    wanted = json.loads(out.read_text("utf-8"))
    assert wanted["bundles"] == [row["bundle"].split("+") for row in rows] and rows
    assert "gmail" in wanted["toolkits"]


@pytest.mark.parametrize("name", ["search", "pick", "bundles"])
def test_every_command_has_help_with_an_example(name: str) -> None:
    assert f"Example: funcdex tools {name}" in " ".join(said("tools", name, "--help").split())
