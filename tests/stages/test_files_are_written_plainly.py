"""Files in arguments and responses: models write plain text, and base64 and sizes are made of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_model import BUNDLE, ScriptedModel, compiled_in_a_thread, context, draft

from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.export.lines import lines_after
from funcdex.grammar.check import matches
from funcdex.settings.tree import Settings, VerifySettings
from funcdex.stages.conversation import write_conversation
from funcdex.stages.file_writing import AS_PLAIN_TEXT, as_written, encode_files, encoded
from funcdex.stages.grammars import Grammars, grammar_of
from funcdex.stages.judge import judge
from funcdex.types.record import Rejected, StageDone
from funcdex.types.tools import Bundle, Tool, Toolkit
from funcdex.verify.verify import verify

FILE = {
    "type": "string",
    "description": "In base64.",
    "contentEncoding": "base64",
    "pattern": "^[A-Za-z0-9+/=]+$",
}
SEND_FILE = Tool(
    "post",
    "SEND",
    "Sends a file.",
    {
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "files": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "data": FILE, "size": {"type": "integer"}},
                    "required": ["name", "data"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["to", "files"],
        "additionalProperties": False,
    },
    {"type": "object", "properties": {"id": {"type": "integer"}, "copy": FILE}, "required": ["id"]},
)
PLAIN = Tool("post", "TRACK", "Where it is.", {"type": "object", "properties": {"id": {"type": "integer"}}})
AGENDA = "Agenda:\nOpening, then the budget."


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def talk(data: str, size: int = 1, copy: str = "Agenda:\nKept") -> str:
    arguments = {"to": "Ada", "files": [{"name": "agenda.txt", "data": data, "size": size}]}
    call = json.dumps({"name": "SEND", "arguments": arguments})
    return (
        f"</user>\nSend Ada the agenda.\n</assistant>\n<tool>{call}</tool>\n"
        f"<tool_response>{json.dumps({'id': 7, 'copy': copy})}</tool_response>\n</assistant>\nIt is letter 7."
    )


def test_tools_are_shown_with_plain_strings_and_others_stay_the_very_same() -> None:
    shown = as_written(SEND_FILE)
    data = shown.parameters["properties"]["files"]["items"]["properties"]["data"]
    assert data == {"type": "string", "description": f"In base64. {AS_PLAIN_TEXT}"}
    assert "contentEncoding" not in shown.as_text and "contentEncoding" in SEND_FILE.as_text
    assert as_written(PLAIN) is PLAIN


@pytest.mark.parametrize(
    "field",
    [
        {"data": {"type": "string", "format": "byte"}},
        {"data": {"type": "string", "format": "binary"}},
        {"data": {"type": "string", "description": "The document, base64-encoded."}},
        {"content_base64": {"type": "string"}},
        {"b64": {"type": ["string", "null"], "maxLength": 400}},
        {"parts_base64": {"type": "array", "items": {"type": "string"}}},
    ],
)
def test_what_is_to_be_base64_is_told_by_schema_key_or_description(field: dict[str, Any]) -> None:
    tool = Tool("post", "KEEP", "", {"type": "object", "properties": field})
    assert AS_PLAIN_TEXT in as_written(tool).as_text
    (name,) = field
    value: Any = [AGENDA] if field[name].get("type") == "array" else AGENDA
    made = encode_files({name: value}, tool.parameters)
    assert in_base64(AGENDA) in json.dumps(made)


@pytest.mark.parametrize(
    "field",
    [
        {"encoding": {"type": "string", "description": "utf-8, or base64 for content in base64."}},
        {"is_base64": {"type": "boolean"}},
        {"transfer": {"enum": ["plain", "base64"], "description": "Whether it is in base64."}},
        {"note": {"type": "string", "description": "Why base64 was needed."}},
    ],
)
def test_what_speaks_of_base64_and_is_none_stays(field: dict[str, Any]) -> None:
    tool = Tool("post", "KEEP", "", {"type": "object", "properties": field})
    assert as_written(tool) is tool


def test_sizes_are_set_and_what_is_base64_already_is_left() -> None:
    known = SEND_FILE.parameters
    made = encode_files({"files": [{"name": "a.txt", "data": AGENDA, "size": 1}]}, known)
    assert made == {"files": [{"name": "a.txt", "data": in_base64(AGENDA), "size": len(AGENDA)}]}
    assert encode_files(made, known) == made
    # A word that has the form of base64 is a word.
    assert encode_files({"files": [{"data": "Done"}]}, known) == {"files": [{"data": in_base64("Done")}]}
    as_text = {"type": "object", "properties": {"data": FILE, "size_bytes": {"type": "string"}}}
    assert encode_files({"data": "é!", "size_bytes": "9"}, as_text) == {
        "data": in_base64("é!"),
        "size_bytes": "3",
    }


@pytest.mark.parametrize("fake", ["<base64 content>", "[file data]", "...", "base64-encoded content here"])
def test_placeholders_stay_and_are_found(fake: str) -> None:
    made = encoded(talk(fake), {"SEND": SEND_FILE})
    assert fake in parse(made).calls[0].arguments["files"][0]["data"]
    reasons = {fault.reason for fault in verify(parse(made), [SEND_FILE])}
    assert "fake_file_content" in reasons


@given(st.text(min_size=1), st.integers(min_value=0, max_value=10**9))
def test_any_text_comes_out_as_it_went_in(text: str, size: int) -> None:
    made = encode_files({"data": text, "size": size}, {"type": "object", "properties": {"data": FILE}})
    assert isinstance(made, dict)
    assert made["data"] == text or base64.b64decode(str(made["data"])) == text.encode("utf-8", "replace")
    if text.isprintable():
        assert encode_files(made, {"type": "object", "properties": {"data": FILE}}) == made


def test_text_that_is_no_conversation_and_conversations_without_files_stay_as_they_are() -> None:
    without = talk("x").replace('"SEND"', '"OTHER"')
    for text in ("no markup <tool>", without):
        assert encoded(text, {"SEND": SEND_FILE}) is text
    assert encoded(talk(AGENDA), {"TRACK": PLAIN}) == talk(AGENDA)


def test_what_can_be_read_in_a_file_is_known_afterwards() -> None:
    made = encoded(talk("Nothing", copy="Invoice INV-40917 of 31 March 2026"), {"SEND": SEND_FILE})
    said = made.replace("It is letter 7.", "It holds invoice INV-40917 of 31 March 2026.")
    checks = VerifySettings(grounding=False)
    assert verify(parse(said), [SEND_FILE], checks=checks) == ()
    other = said.replace("INV-40917 of", "INV-77777 of")
    assert [one.reason for one in verify(parse(other), [SEND_FILE], checks=checks)] == [
        "contradicts_response"
    ]


def bundle() -> Bundle:
    return Bundle((Toolkit("post", "Letters.", (SEND_FILE, *BUNDLE.tools[1:])),))


async def written(model: ScriptedModel, **generation: Any) -> tuple[StageDone | Rejected, Any, Any]:
    settings = {"generation": {"min_user_turns": 1, "max_regenerations": 0, **generation}}
    run = replace(context(model, **settings), bundles=(bundle(),))
    known = draft(
        Settings.model_validate(settings), scenario="Ada waits.", persona="Bo", outline="-", shown=("SEND",)
    )
    return await write_conversation(known, run), known, run


async def test_a_conversation_is_written_plainly_and_kept_encoded() -> None:
    model = ScriptedModel({"conversation": [talk(AGENDA)], "judge": ["no opinion"]})
    outcome, known, run = await written(model)
    assert isinstance(outcome, StageDone), outcome
    assert outcome.value["written"] == talk(AGENDA)
    kept = parse(outcome.value["dml"])
    assert kept.calls[0].arguments["files"] == [
        {"name": "agenda.txt", "data": in_base64(AGENDA), "size": len(AGENDA)}
    ]
    assert kept.steps[0].responses == ({"id": 7, "copy": in_base64("Agenda:\nKept")},)
    prompt = model.asked[0].messages[0].content
    assert AS_PLAIN_TEXT in prompt and "contentEncoding" not in prompt
    assert matches(grammar_of([SEND_FILE], run.settings.generation), talk(AGENDA))
    done = known.after(outcome)
    ((_, line),) = lines_after(done, outcome, [SEND_FILE])
    assert line["conversation_dml"] == outcome.value["dml"] and line["written_dml"] == talk(AGENDA)
    assert line["lineage"]["files_encoded"] is True
    assert line["tools"][0]["function"]["parameters"] == SEND_FILE.parameters
    await judge(done, run)
    asked = model.asked[-1].messages[1].content
    assert "Opening, then the budget." in asked and in_base64(AGENDA) not in asked


async def test_a_conversation_without_files_is_kept_as_it_was_written() -> None:
    plain = (
        talk(AGENDA)
        .replace(json.dumps(AGENDA), json.dumps(in_base64(AGENDA)))
        .replace('"size": 1', f'"size": {len(AGENDA)}')
    )
    plain = plain.replace(json.dumps("Agenda:\nKept"), json.dumps(in_base64("Agenda:\nKept")))
    outcome, known, _ = await written(ScriptedModel({"conversation": [plain]}))
    assert isinstance(outcome, StageDone), outcome
    assert "written" not in outcome.value and outcome.value["dml"] == plain
    ((_, line),) = lines_after(known.after(outcome), outcome, [SEND_FILE])
    assert "written_dml" not in line and "files_encoded" not in line["lineage"]


async def test_a_correction_mends_what_was_written_and_not_what_was_made_of_it() -> None:
    wrong = talk(AGENDA).replace("It is letter 7.", "It is letter INV-99887.")
    model = ScriptedModel({"conversation": [wrong], "correction": [talk(AGENDA)]})
    outcome, _, _ = await written(model)
    assert isinstance(outcome, StageDone), outcome
    asked = next(one for one in model.asked if one.stage == "correction").messages
    assert "Opening, then the budget." in asked[1].content and AS_PLAIN_TEXT in asked[0].content
    assert outcome.value["written"] == talk(AGENDA)


async def test_turn_by_turn_as_well() -> None:
    files = json.dumps({"to": "Ada", "files": [{"name": "agenda.txt", "data": AGENDA}]})
    model = ScriptedModel(
        {
            "user_turn": [
                json.dumps({"over": False, "message": "Send Ada the agenda."}),
                json.dumps({"over": True, "message": ""}),
            ],
            "assistant_turn": [
                f'</assistant>\n<tool>{{"name": "SEND", "arguments": {files}}}</tool>',
                "</assistant>\nIt is letter 7.",
            ],
            "tool_response": [json.dumps({"id": 7, "copy": "Agenda:\nKept"})],
        }
    )
    outcome, _, _ = await written(model, mode="turn_by_turn")
    assert isinstance(outcome, StageDone), outcome
    kept = parse(outcome.value["dml"])
    assert kept.calls[0].arguments["files"][0]["data"] == in_base64(AGENDA)
    assert parse(outcome.value["written"]).calls[0].arguments == json.loads(files)
    for stage in ("assistant_turn", "tool_response"):
        asked = next(one for one in model.asked if one.stage == stage)
        assert AS_PLAIN_TEXT in asked.messages[0].content + asked.messages[1].content
    assert write(kept) == outcome.value["dml"]


async def test_the_grammar_of_a_run_lets_plain_text_through() -> None:
    generation = Settings.model_validate({"generation": {"min_user_turns": 1}}).generation
    grammar = await Grammars(generation, Settings().grammar, compiled_in_a_thread).of_tools([SEND_FILE])
    assert matches(grammar, talk("Any text: with blanks, and (signs): 5 %."))
