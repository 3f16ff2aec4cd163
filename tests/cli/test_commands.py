"""Commands that need no run: tools, grammar, doctor, validate, dry run, help."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest
from running import command, run_command
from scripted_model import BUNDLE, conversation

from funcdex.errors import FuncdexError
from funcdex.sim.config import SimConfig
from funcdex.sim.faults import parse_fault
from funcdex.sim.process import simulated_processes
from funcdex.toolkits.native import dump_native

HEAVY = {
    "torch",
    "faiss",
    "sentence_transformers",
    "numpy",
    "httpx",
    "aiohttp",
    "pydantic",
    "yaml",
    "llguidance",
    "prometheus_client",
}


@pytest.fixture
def post_tools(tmp_path: Path) -> Path:
    path = tmp_path / "post.json"
    path.write_text(dump_native(BUNDLE.toolkits), "utf-8")
    return path


def said(*arguments: object, code: int = 0) -> str:
    result = run_command(*arguments, timeout_s=60)
    assert result.returncode == code, result.stderr
    return result.stdout


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['funcdex', '--help']\n"
        "from funcdex.cli.app import main\n"
        "try: main()\n"
        "finally: sys.stderr.write(' '.join(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "generate" in result.stdout
    assert HEAVY.isdisjoint(result.stderr.split())


@pytest.mark.parametrize(
    "words",
    [
        [name]
        for name in ("generate", "resume", "status", "doctor", "bench", "sim", "validate", "stats", "export")
    ]
    + [["tools", name] for name in ("import", "list", "show", "check")]
    + [["grammar", name] for name in ("render", "check")]
    + [["eval"], ["eval", "compare"]],
    ids=" ".join,
)
def test_every_command_has_help_with_an_example(words: list[str]) -> None:
    assert f"Example: funcdex {' '.join(words)}" in " ".join(said(*words, "--help").split())


def test_tools_are_listed_shown_and_checked(post_tools: Path) -> None:
    listed = json.loads(said("tools", "list", "--tools", post_tools, "--json", "-"))
    assert listed == [{"toolkit": "post", "tools": 3, "description": "Letters."}]
    shown = json.loads(said("tools", "show", "post/SEND", "--tools", post_tools))
    assert shown["parameters"]["required"] == ["to"] and "response" in shown
    assert "SEND" in said("tools", "show", "post", "--tools", post_tools)
    found = json.loads(said("tools", "check", post_tools, "--json", "-"))
    assert {one["severity"] for one in found} == {"warning"}


def test_an_import_writes_what_it_read_and_says_what_it_left_out(tmp_path: Path, post_tools: Path) -> None:
    out = tmp_path / "out.json"
    assert "3 tools in 1 toolkits" in said("tools", "import", post_tools, "--out", out)
    assert out.read_text("utf-8") == post_tools.read_text("utf-8")


def test_an_import_from_a_folder_curates_and_reports_what_went(tmp_path: Path, post_tools: Path) -> None:
    folder, out, report = tmp_path / "kits", tmp_path / "out.json", tmp_path / "report.json"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "post.json").write_text(post_tools.read_text("utf-8"), "utf-8")
    (folder / "broken.json").write_text("{", "utf-8")
    parameters = {"type": "object", "properties": {"prettyPrint": {"type": "boolean"}}}
    kit = {
        "toolkit": "shop",
        "tools": [{"name": "BUY", "description": "<p>Buys.</p>", "parameters": parameters}],
    }
    (folder / "shop.json").write_text(json.dumps(kit), "utf-8")
    printed = said("tools", "import", folder, "--out", out, "--curate", "--report", report)
    assert "4 tools in 2 toolkits" in printed and "parameter_form_of_the_answer: 1" in printed
    written = json.loads(report.read_text("utf-8"))
    assert [row["tools"] for row in written["documents"]] == [0, 1, 3]
    assert "not JSON" in written["documents"][0]["refused"]
    assert written["curation"]["description_cleaned"]["examples"] == ["shop/BUY"]
    (shop, _) = json.loads(out.read_text("utf-8"))
    assert shop["tools"][0]["parameters"]["properties"] == {}


def test_shipped_toolkits_are_there_without_being_named() -> None:
    assert len(json.loads(said("tools", "list", "--json", "-"))) == 20


@pytest.mark.parametrize(("dialect", "mark"), [("lark", "start:"), ("gbnf", "root ::=")])
def test_a_grammar_is_rendered(post_tools: Path, dialect: str, mark: str) -> None:
    text = said("grammar", "render", "--tools", post_tools, "--toolkits", "post", "--dialect", dialect)
    assert text.startswith(mark) and "SEND" in text


def test_a_conversation_is_checked_against_a_grammar(tmp_path: Path, post_tools: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text(conversation(), "utf-8")
    asked = ("grammar", "check", talk, "--tools", post_tools)
    assert said(*asked) == "in the grammar\n"
    talk.write_text(conversation('{"to": 7}'), "utf-8")
    assert "line 4, column" in said(*asked, code=2)
    assert said(*asked, "--level", "names") == "in the grammar\n"


def test_a_conversation_is_checked_against_what_was_asked_for(tmp_path: Path, post_tools: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text(conversation(), "utf-8")
    asked = ("grammar", "check", talk, "--tools", post_tools)
    assert said(*asked, "--must-call", "SEND") == "in the grammar\n"
    assert said(*asked, "--need-calls", "--errors", "allowed") == "in the grammar\n"
    for refused in (
        ("--must-call", "SEND, TRACK"),
        ("--no-calls",),
        ("--errors", "required"),
        ("--opening", "Something else"),
    ):
        assert "not in the grammar" in said(*asked, *refused, code=2)
    opening = conversation().splitlines()[1]
    assert said(*asked, "--opening", opening) == "in the grammar\n"
    unknown = run_command(*asked, "--must-call", "SENT")
    assert unknown.returncode == 2 and "'SENT' cannot be called" in unknown.stderr
    of_a_run = run_command("grammar", "render", "--run", tmp_path, "--id", "x", "--no-calls")
    assert of_a_run.returncode == 2 and "calls with --run" in of_a_run.stderr


def test_what_a_grammar_does_not_enforce_is_said_in_plain_words(tmp_path: Path) -> None:
    parameters = {"type": "object", "properties": {"to": {"type": "string", "maxLength": 20}}}
    tool = {"name": "SEND", "description": "Send.", "parameters": parameters}
    tools = tmp_path / "mail.json"
    tools.write_text(json.dumps({"toolkit": "mail", "description": "Mail.", "tools": [tool]}), "utf-8")
    rendered = run_command("grammar", "render", "--tools", tools)
    assert "note: not enforced: mail/SEND parameters: $.properties.to: maxLength\n" in rendered.stderr


def test_validate_names_line_turn_and_reason(tmp_path: Path) -> None:
    tools = [tool.as_openai for tool in BUNDLE.tools]
    good = {"id": "a", "conversation_dml": conversation(), "tools": tools}
    bad = good | {"id": "b", "conversation_dml": conversation('{"to": 7}')}
    path = tmp_path / "data.jsonl"
    lines = [
        json.dumps(good),
        json.dumps(bad),
        json.dumps(good),
        "{",
        json.dumps({"id": "c", "messages": []}),
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = json.loads(said("validate", path, "--json", "-", code=2))
    assert [(one["line"], one["turn"], one["reason"]) for one in found[:4]] == [
        (2, 1, "invalid_arguments"),
        (2, 1, "ungrounded_argument"),
        (3, None, "repeated_id"),
        (4, None, "not_json"),
    ]
    assert found[4]["line"] == 5
    assert "5 records, 5 faults" in said("validate", path, code=2)


@pytest.mark.parametrize(
    ("generation", "asked"),
    [
        ("{}", ["conversation", "correction"]),
        ("{mode: turn_by_turn}", ["user_turn", "assistant_turn", "tool_response", "correction"]),
        (
            "{mode: turn_by_turn, assistant_calls: native}",
            ["user_turn", "assistant_turn", "tool_response", "correction"],
        ),
    ],
)
def test_a_dry_run_shows_every_prompt_of_a_conversation(
    tmp_path: Path, post_tools: Path, generation: str, asked: list[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        f"generation: {generation[:-1]}{', ' if len(generation) > 2 else ''}kinds: {{happy_path: 1}}}}\n"
        "dedup: {adjudicator: true}\n"
    )
    shown = run_command("generate", config, "--tools", post_tools, "--dry-run", "--run", tmp_path / "run")
    assert shown.returncode == 0, shown.stderr
    names = re.findall(r"^-{8} ([a-z_]+): system -+$", shown.stdout, re.M)
    before, after = ["scenario", "adjudicator", "persona", "outline"], ["system_prompt", "judge"]
    assert names == [*before, *asked, *after]
    assert ("assistant_turn: tools to call" in shown.stdout) == ("native" in generation)


def test_a_dry_run_shows_plan_prompts_and_grammar_and_asks_nothing(tmp_path: Path, post_tools: Path) -> None:
    arguments = ("generate", "--tools", post_tools, "--count", 5, "--run", tmp_path / "run", "--dry-run")
    text = said(*arguments, "--endpoints", "http://127.0.0.1:9")
    assert "5 conversations, seed 0" in text and "start:" in text
    # Which tools are needed, the plan says: nobody is asked.
    for stage in ("scenario", "persona", "outline", "conversation", "system_prompt", "judge"):
        assert f" {stage}: user " in text
    assert not (tmp_path / "run").exists()


async def test_doctor_tells_the_good_from_the_bad() -> None:
    liar = SimConfig(faults=(parse_fault("ignore_grammar"),))
    async with simulated_processes(1, SimConfig()) as (good,), simulated_processes(1, liar) as (bad,):
        asked = ("doctor", "--endpoints", f"{good.url},{bad.url},http://127.0.0.1:9")
        result = await anyio.to_thread.run_sync(run_command, *asked, "--json", "-")
        text = await anyio.to_thread.run_sync(run_command, *asked)
    rows = json.loads(result.stdout)
    assert result.returncode == 0
    assert [row["usable"] for row in rows] == ["yes", "no", "no"]
    assert (rows[0]["dialect"], rows[0]["enforced"], rows[0]["model"]) == ("lark", "yes", "funcdex-sim")
    assert f"{bad.url}: it ignores the grammar" in text.stdout


def test_doctor_without_a_usable_endpoint_ends_with_4() -> None:
    said("doctor", "--endpoints", "http://127.0.0.1:9", code=4)


def test_errors_carry_what_where_and_fix() -> None:
    error = FuncdexError("it broke", where="here", fix="Mend it.")
    assert str(error) == "it broke (here). Mend it."
    assert command("status", 1)[-2:] == ["status", "1"]
