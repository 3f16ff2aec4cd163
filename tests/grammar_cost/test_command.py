"""`funcdex grammar cost` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import run_command

from grammar_cost.grammars import PREDECESSOR_STYLE


def test_a_tool_set_is_measured_with_both_engines() -> None:
    result = run_command("grammar", "cost", "--toolkits", "calendly", "--max-turns", "3", "--json", "-")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["findings"] == [] and found["form"] == "lark" and found["rules"] > 10
    assert "30k words" in found["vocabulary_note"]
    for each in found["measurements"]:
        assert each["note"] == "" and each["figures"]["count"] >= 4000, each["engine"]
        assert {"text", "structure", "string", "tag"} == set(each["figures"]["places_ms"])
    assert set(found["throughputs"]) == {"llguidance", "xgrammar"}


def test_a_file_is_measured_along_a_text_and_its_faults_are_shown(tmp_path: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text("</user>\nHello there\n</assistant>\nHow are you?", "utf-8")
    result = run_command(
        "grammar",
        "cost",
        PREDECESSOR_STYLE,
        "--text",
        talk,
        "--limit-s",
        "2",
        "--batch",
        "256",
        "--step-ms",
        "10",
    )
    assert result.returncode == 0, result.stderr
    for expected in ("predecessor_style.gbnf: bnf", "white-space:", "one-by-one:", "llguidance", "256"):
        assert expected in result.stdout


def test_a_grammar_that_no_engine_reads_is_shown_and_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "broken.lark"
    path.write_text('start: "a" (', "utf-8")
    result = run_command("grammar", "cost", path, "--json", "-")
    assert result.returncode == 2 and "Traceback" not in result.stderr
    found = json.loads(result.stdout)
    assert [each["what"] for each in found["findings"]] == ["'(' is never closed"]
    assert all("cannot be read" in each["note"] for each in found["measurements"])
    assert found["throughputs"] == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.gbnf"], "cannot read it"),
        (["--tokenizer", "missing.json"], "cannot read a vocabulary"),
        (["--toolkits", "gmail", "--run", "here"], "--run and --id go together"),
    ],
)
def test_wrong_use_is_one_message(arguments: list[str], message: str) -> None:
    result = run_command("grammar", "cost", *arguments)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_help_has_an_example() -> None:
    said = " ".join(run_command("grammar", "cost", "--help").stdout.split())
    assert "Example: funcdex grammar cost" in said and "--tokenizer" in said
