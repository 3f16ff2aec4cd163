"""Wrong use: one message, no traceback, the documented exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import run_command


def refused(*arguments: object, code: int) -> str:
    """The one message of a command that must fail."""
    result = run_command(*arguments, timeout_s=60)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.stderr
    return errors[0]


def test_a_wrong_key(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("generation: {thoughtss: true}\n", "utf-8")
    message = refused("generate", config, "--endpoints", "sim", "--run", tmp_path / "run", code=2)
    assert "thoughtss" in message and "'thoughts'" in message and str(config) in message


def test_a_missing_configuration(tmp_path: Path) -> None:
    assert "gone.yaml" in refused("generate", tmp_path / "gone.yaml", "--endpoints", "sim", code=2)


def test_a_missing_tool_file(tmp_path: Path) -> None:
    arguments = (
        "generate",
        "--tools",
        tmp_path / "gone.json",
        "--endpoints",
        "sim",
        "--run",
        tmp_path / "run",
    )
    assert "gone.json" in refused(*arguments, code=2)


def test_an_unknown_toolkit(tmp_path: Path) -> None:
    message = refused(
        "generate", "--toolkits", "gmial", "--endpoints", "sim", "--run", tmp_path / "run", code=2
    )
    assert "'gmail'" in message


def test_an_endpoint_that_cannot_be_reached(tmp_path: Path, small_config: Path) -> None:
    url = "http://127.0.0.1:9"
    message = refused("generate", small_config, "--endpoints", url, "--run", tmp_path / "run", code=4)
    assert url in message


def test_no_endpoint_at_all(tmp_path: Path) -> None:
    assert "no endpoint is named" in refused("generate", "--run", tmp_path / "run", code=2)


@pytest.mark.parametrize(
    ("schema", "says"),
    [({"type": "strin"}, "strin"), ({"type": "object", "properties": []}, "properties"), ("text", "Schema")],
)
def test_a_tool_with_a_broken_schema(tmp_path: Path, schema: object, says: str) -> None:
    tool = {
        "name": "SEND",
        "description": "Sends.",
        "parameters": {"type": "object", "properties": {"to": schema}},
    }
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"toolkit": "post", "description": "", "tools": [tool]}), "utf-8")
    message = refused("generate", "--tools", path, "--endpoints", "sim", "--run", tmp_path / "run", code=2)
    assert says in message and "tools.json" in message
    assert says in refused("tools", "check", path, code=2)


def test_a_tool_file_that_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text('{"toolkit": "post",\n "tools": [}', "utf-8")
    message = refused("tools", "check", path, code=2)
    assert "tools.json" in message and "line 2" in message


def test_a_run_directory_that_is_none(tmp_path: Path) -> None:
    assert "no run is here" in refused("resume", tmp_path, code=2)
    assert "no run is here" in refused("status", tmp_path, code=2)


def test_control_characters_of_foreign_text_do_not_reach_the_terminal(tmp_path: Path) -> None:
    result = run_command(
        "generate", "--toolkits", "\x1b[31mred", "--endpoints", "sim", "--run", tmp_path / "r"
    )
    assert result.returncode == 2 and "\x1b[31mred" not in result.stderr
