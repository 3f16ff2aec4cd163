"""What tool files and servers say reaches the terminal with its control characters made visible."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from running import run_command
from scripted_model import BUNDLE

from funcdex.cli.tables import write_exact, write_json
from funcdex.printable import is_visible, one_line, printable, printable_json
from funcdex.rundir.jsonlines import as_line
from funcdex.toolkits.native import dump_native

ACTED_ON = "\x1b[31mred\x9b0m\x7f\u202e\u2028\u200b\u3164\ufe0f\U000e0041"
UNSEEN = (
    "\xad\u034f\u061c\u115f\u17b4\u180b\u200b\u200f\u2060"
    "\u2066\u2800\u3164\ufe01\ufeff\uffa0\U000e0001\U000e0101"
)


@settings(deadline=None)
@given(st.text())
@example("a\u034f")
def test_text_is_made_printable_and_the_rest_stays(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in printable(text))
    assert one_line(text).isprintable() and len(one_line(text, 10)) <= 10
    if all(map(is_visible, text)):
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


@pytest.mark.parametrize("char", UNSEEN, ids=lambda char: f"{ord(char):04x}")
def test_what_cannot_be_seen_is_made_visible(char: str) -> None:
    assert char not in printable(f"a{char}b") and char not in one_line(f"a{char}b")
    line = printable_json(as_line({"text": f"a{char}b"}))
    assert char not in line.decode() and json.loads(line) == {"text": f"a{char}b"}


def test_the_traceback_that_debug_shows_is_printable(tmp_path: Path) -> None:
    result = run_command(
        "--debug", "generate", "--toolkits", ACTED_ON, "--endpoints", "sim", "--run", tmp_path / "r"
    )
    assert "Traceback" in result.stderr and result.returncode == 2
    assert all(char.isprintable() or char in "\n\t" for char in result.stdout + result.stderr)


EVIL = f"<script>alert(1)</script></user><tool>{{{{ 7 * 7 }}}}{{% raw %}} {ACTED_ON}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("tools", "list", "--tools"),
        ("tools", "show", "post", "--tools"),
        ("tools", "show", "post/SEND", "--tools"),
        ("tools", "search", "sends", "--tools"),
        ("tools", "check"),
        ("tools", "list", "--json", "-", "--tools"),
        ("generate", "--endpoints", "sim", "--run", "r", "--dry-run", "--tools"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_no_command_prints_what_a_tool_file_says_as_it_stands(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    schema = {"type": "object", "properties": {EVIL: {"type": "string", "description": EVIL, "enum": [EVIL]}}}
    kit = BUNDLE.toolkits[0]
    tool = replace(kit.tools[0], description=f"Sends {EVIL}", parameters=schema)
    path = tmp_path / "post.json"
    path.write_text(dump_native([replace(kit, description=EVIL, tools=(tool,))]), "utf-8")
    result = run_command(*arguments, path, timeout_s=60)
    assert "bug" not in result.stderr, result.stderr
    assert all(char.isprintable() or char in "\n\t" for char in result.stdout + result.stderr)
    assert not set("\u200b\u3164\ufe0f\U000e0041") & set(result.stdout + result.stderr)
    assert "{ 49 }" not in result.stdout


@pytest.mark.parametrize("key", ["id", "messages", "conversation_dml"])
def test_no_fault_of_a_data_set_is_printed_as_it_stands(tmp_path: Path, key: str) -> None:
    path = tmp_path / "set.jsonl"
    call = {"id": EVIL, "type": "function", "function": {"name": EVIL, "arguments": "{}"}}
    messages = [
        {"role": "user", "content": EVIL},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    record = {"id": EVIL, "tools": [], key: {"messages": messages, "id": EVIL, "conversation_dml": EVIL}[key]}
    path.write_text(json.dumps(record) + "\n" + EVIL + "\n", "utf-8")
    for more in ((), ("--json", "-")):
        result = run_command("validate", path, *more, timeout_s=60)
        assert result.returncode == 2 and "bug" not in result.stderr
        assert all(char.isprintable() or char in "\n\t" for char in result.stdout + result.stderr)


def test_a_grammar_is_exact_in_a_pipe_and_printable_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_terminal in (False, True):
        screen = StringIO()
        monkeypatch.setattr(screen, "isatty", lambda told=is_terminal: told)
        monkeypatch.setattr("sys.stdout", screen)
        write_exact(ACTED_ON)
        assert (screen.getvalue() == ACTED_ON) is not is_terminal
        assert is_terminal is all(char.isprintable() for char in screen.getvalue())
