"""What tool files and servers say reaches the terminal with its control characters made visible."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run_command
from scripted_model import BUNDLE

from funcdex.cli.tables import write_json
from funcdex.printable import one_line, printable, printable_json
from funcdex.rundir.jsonlines import as_line
from funcdex.toolkits.native import dump_native

ACTED_ON = "\x1b[31mred\x9b0m\x7f\u202e\u2028"


@settings(deadline=None)
@given(st.text())
def test_text_is_made_printable_and_the_rest_stays(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in printable(text))
    assert one_line(text).isprintable() and len(one_line(text, 10)) <= 10
    if text.isprintable():
        assert printable(text) == text


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_with_nothing_to_act_on(text: str) -> None:
    line = printable_json(as_line({"text": text}))
    assert json.loads(line) == {"text": text}
    assert not set(line.decode()[:-1]) & {
        chr(code) for code in [*range(32), *range(127, 160), 0x2028, 0x202E]
    }


def test_json_on_standard_output_is_for_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    monkeypatch.setattr("sys.stdout", screen)
    write_json(Path("-"), {"model": ACTED_ON})
    said = screen.getvalue()
    assert all(char.isprintable() or char == "\n" for char in said) and json.loads(said)["model"] == ACTED_ON


def test_a_dry_run_shows_the_escapes_of_a_tool_file(tmp_path: Path) -> None:
    kit = BUNDLE.toolkits[0]
    path = tmp_path / "post.json"
    path.write_text(
        dump_native([replace(kit, tools=(replace(kit.tools[0], description=f"Sends {ACTED_ON}."),))]), "utf-8"
    )
    arguments = ("--tools", path, "--run", tmp_path / "run", "--endpoints", "sim", "--dry-run")
    result = run_command("generate", *arguments, timeout_s=60)
    assert result.returncode == 0, result.stderr
    assert "Sends \\x1b[31mred" in result.stdout
    assert all(char.isprintable() or char in "\n\t" for char in result.stdout + result.stderr)
