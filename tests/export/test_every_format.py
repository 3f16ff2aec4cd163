"""What each format makes of the same record."""

from __future__ import annotations

import ast
import json

import pytest
import yaml

from export.records import ABSTENTION, MESSAGES, TOOLS, asks, call, calling, record, rows, says, tool
from funcdex.export.formats.registry import FORMATS
from funcdex.export.options import Options
from funcdex.export.read_messages import from_messages

STRIPPED = Options(thoughts="strip")


def test_trl_rows_have_tools_and_arguments_as_values() -> None:
    (row,) = rows("trl", record())
    assert row["tools"] == TOOLS
    assert row["messages"][0] == {
        "role": "system",
        "content": "You help with mail. Use LIST_MESSAGES first.",
    }
    calls = row["messages"][2]["tool_calls"]
    assert [one["function"]["name"] for one in calls] == ["LIST_MESSAGES", "search"]
    assert calls[1]["function"]["arguments"] == {"query": "Jürgen", "limit": 9_007_199_254_740_993}
    assert row["messages"][2]["content"] == MESSAGES[1]["content"]
    assert row["messages"][5]["content"] == ""
    assert row["messages"][3] == MESSAGES[2]


def test_trl_rows_in_strings_have_the_same_fields_in_every_message() -> None:
    (row,) = rows("trl", record(), Options(encoding="strings"))
    assert json.loads(row["tools"]) == TOOLS
    assert len({tuple(message) for message in row["messages"]}) == 1
    assert row["messages"][2]["tool_calls"][0]["function"]["arguments"] == '{"folder": "Eingang"}'


def test_thoughts_go_into_a_field_of_their_own() -> None:
    (row,) = rows("trl", record(), Options(thoughts="reasoning_content"))
    assert row["messages"][2]["content"] == "I look at both."
    assert row["messages"][2]["reasoning_content"] == "Two things at once, with LIST_MESSAGES."
    assert "reasoning_content" not in row["messages"][5]


def test_openai_rows_hold_only_keys_that_its_checker_knows() -> None:
    (row,) = rows("openai", record(), Options(thoughts="strip", loss_mask=True))
    assert row.keys() == {"messages", "tools", "parallel_tool_calls"}
    known = {"role", "content", "tool_calls", "tool_call_id", "weight"}
    assert all(message.keys() <= known for message in row["messages"])
    assert row["messages"][2]["content"] == "I look at both." and row["messages"][2]["weight"] == 1
    assert row["messages"][5]["content"] is None
    assert row["parallel_tool_calls"] is True


@pytest.mark.parametrize("format", ["sharegpt", "alpaca"])
def test_llama_factory_turns_alternate_and_end_with_the_assistant(format: str) -> None:
    for messages in (MESSAGES, ABSTENTION):
        (row,) = rows(format, record(messages=messages), STRIPPED)
        assert isinstance(json.loads(row["tools"])[0]["name"], str)
        if format == "sharegpt":
            speakers = [turn["from"] for turn in row["conversations"]]
            assert set(speakers[::2]) <= {"human", "observation"}
            assert set(speakers[1::2]) <= {"gpt", "function_call"}
            assert speakers[-1] == "gpt"


def test_sharegpt_calls_and_responses_are_json() -> None:
    (row,) = rows("sharegpt", record(), STRIPPED)
    calls, responses = (json.loads(turn["value"]) for turn in row["conversations"][1:3])
    assert [one["name"] for one in calls] == ["LIST_MESSAGES", "search"]
    assert responses == [json.loads(MESSAGES[2]["content"]), json.loads(MESSAGES[3]["content"])]
    assert json.loads(row["conversations"][3]["value"]) == {"name": "READ_MESSAGE", "arguments": {"id": 7}}


def test_a_thought_before_calls_stands_where_llama_factory_looks_for_it() -> None:
    (row,) = rows("sharegpt", record())
    thought, _, calls = row["conversations"][1]["value"].partition("</think>")
    assert thought == "<think>\nTwo things at once, with LIST_MESSAGES.\n"
    assert len(json.loads(calls)) == 2


def test_turns_that_do_not_alternate_are_refused_with_the_turn() -> None:
    with pytest.raises(ValueError, match="turn 2 is human"):
        rows("sharegpt", record(messages=[asks("One."), asks("Two."), says("Both.")]))
    with pytest.raises(ValueError, match="last turn"):
        rows("sharegpt", record(messages=[asks("One."), says("Yes."), asks("Two.")]))


def test_the_last_answer_of_alpaca_is_the_output() -> None:
    (row,) = rows("alpaca", record(), STRIPPED)
    assert row["instruction"] == "Then book me a flight."
    assert row["output"] == "I cannot book flights with LIST_MESSAGES."
    assert [len(pair) for pair in row["history"]] == [2, 2, 2]


def test_llama_factory_is_told_of_every_split() -> None:
    for name in ("sharegpt", "alpaca"):
        files = FORMATS[name].side_files(["train", "test"], Options())
        info = json.loads(files["dataset_info.json"])
        assert info["funcdex_test"]["file_name"] == "test.jsonl"
        (row,) = rows(name, record())
        assert set(info["funcdex_train"]["columns"].values()) <= row.keys()


def test_axolotl_is_told_the_fields_that_rows_have() -> None:
    (row,) = rows("axolotl", record(), Options(loss_mask=True))
    text = FORMATS["axolotl"].side_files(["train", "test"], Options(loss_mask=True))["axolotl.yaml"]
    told = yaml.safe_load(text)
    (dataset,) = told["datasets"]
    assert dataset["type"] == "chat_template"
    assert {dataset["field_messages"], dataset["field_tools"]} <= row.keys()
    assert all(isinstance(message[dataset["message_field_training"]], bool) for message in row["messages"])
    assert told["test_datasets"][0]["path"].startswith("test.jsonl")


def test_the_loader_for_unsloth_gives_back_what_templates_want() -> None:
    (row,) = rows("unsloth", record())
    loader = FORMATS["unsloth"].side_files(["train"], Options())["load_for_unsloth.py"]
    start = ast.parse(loader)
    conversation = next(one for one in start.body if getattr(one, "name", "") == "conversation")
    names: dict[str, object] = {"json": json}
    exec(compile(ast.Module([conversation], []), "loader", "exec"), names)
    messages, tools = names["conversation"](row)  # type: ignore[operator]
    (trl,) = rows("trl", record())
    assert messages == trl["messages"] and tools == TOOLS


def test_hermes_text_has_calls_and_responses_in_its_tags() -> None:
    (row,) = rows("hermes", record(), Options(thoughts="strip", loss_mask=True))
    text = row["text"]
    assert text.count("<tool_call>\n{") == 4  # one of them in the rules
    assert text.count("<tool_response>") == 3
    assert '{"name": "READ_MESSAGE", "arguments": {"id": 7}}' in text
    assert "Jürgen 🙂" in text
    learnt = [text[begin:end] for begin, end in row["trained_spans"]]
    assert learnt[-1] == "I cannot book flights with LIST_MESSAGES.<|im_end|>"
    assert len(learnt) == 4 and learnt[0].startswith("I look at both.\n<tool_call>")


def test_numbers_of_any_size_come_out_as_they_were() -> None:
    huge = tool("search", limit={"maximum": 2**70})
    for format in ("sharegpt", "hermes", "unsloth"):
        (row,) = rows(format, record(tools=[huge]))
        assert str(2**70) in str(row) and str(9_007_199_254_740_993) in str(row)


def test_xlam_has_a_row_for_each_turn_that_calls() -> None:
    (row,) = rows("xlam", record())
    assert row["query"] == MESSAGES[0]["content"]
    assert [one["name"] for one in json.loads(row["answers"])] == ["LIST_MESSAGES", "search", "READ_MESSAGE"]
    assert rows("xlam", record(messages=ABSTENTION)) == []


def test_bfcl_entries_have_their_ground_truth_turn_by_turn() -> None:
    (entry,) = rows("bfcl", record())
    (truth,) = rows("bfcl", record(), folder="possible_answer")
    assert entry["id"] == truth["id"]
    assert len(entry["question"]) == len(truth["ground_truth"]) == 2
    assert truth["ground_truth"][0] == [
        "LIST_MESSAGES(folder='Eingang')",
        "search(query='Jürgen', limit=9007199254740993)",
        "READ_MESSAGE(id=7)",
    ]
    assert truth["ground_truth"][1] == []


def test_bfcl_calls_are_python_whatever_the_arguments_are_called() -> None:
    messages = [
        asks("Go."),
        calling(None, call(0, "search", **{"from": None, "a-b": True, "to": [1.5]})),
        {"role": "tool", "tool_call_id": "call_0", "content": "{}"},
        says("Done."),
    ]
    (truth,) = rows("bfcl", record(messages=messages), folder="possible_answer")
    ((text,),) = truth["ground_truth"]
    assert text == "search(to=[1.5], **{'from': None, 'a-b': True})"
    ast.parse(text)


def test_the_predecessors_columns_are_those_of_a_run() -> None:
    one = record()
    (row,) = rows("predecessor", one)
    assert row == {key: one[key] for key in row}
    (published,) = rows("predecessor", one, Options(encoding="strings"))
    assert published.keys() == {"messages", "tools", "system", "toolkit"}
    assert json.loads(published["messages"][1]["tool_calls"]) == MESSAGES[1]["tool_calls"]


def test_what_the_predecessor_published_is_read_again() -> None:
    one = record()
    (published,) = rows("predecessor", one, Options(encoding="strings"))
    (again,) = rows("predecessor", {**published, "id": "x", "original_toolkit_count": 2})
    assert again["messages"] == one["messages"] and again["tools"] == TOOLS
    assert from_messages(again["messages"]) == from_messages(one["messages"])
