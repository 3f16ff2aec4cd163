"""What the options change, and what they leave."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.records import MESSAGES, TOOLS, asks, call, calling, record, rows, says, tool
from funcdex.export.options import Options
from funcdex.export.sample import sample_of

KEYS = ["role", "content", "tool_calls", "function", "name", "arguments", "id", "loss_mask", "tool_call_id"]


def names_of(row: object) -> list[str]:
    return [one["function"]["name"] for one in row["tools"]]  # type: ignore[index]


def test_tools_are_those_that_were_shown_in_their_order() -> None:
    (row,) = rows("trl", record())
    assert row["tools"] == TOOLS


@settings(deadline=None)
@given(most=st.integers(1, 6), seed=st.integers(0, 50))
def test_called_tools_stay_whatever_the_limit(most: int, seed: int) -> None:
    (row,) = rows("trl", record(), Options(max_tools=most, seed=seed))
    names = names_of(row)
    assert {"LIST_MESSAGES", "READ_MESSAGE", "search"} <= set(names)
    assert len(names) == max(3, min(most, 4)) == len(set(names))


def test_a_limit_shuffles_by_seed_and_id() -> None:
    orders = {
        tuple(names_of(rows("trl", record(), Options(max_tools=9, seed=seed))[0])) for seed in range(20)
    }
    assert len(orders) > 5
    one, other = (rows("trl", record(), Options(max_tools=9, seed=3)) for _ in range(2))
    assert one == other


def test_the_share_of_dropped_system_prompts_is_near_what_is_asked() -> None:
    kept = sum(
        rows("trl", record(f"conv_{at}"), Options(system_prompt_dropout=0.3))[0]["messages"][0]["role"]
        == "system"
        for at in range(400)
    )
    assert 250 <= kept <= 310
    (none,) = rows("trl", record(), Options(system_prompt_dropout=1.0))
    assert none["messages"][0]["role"] == "user"


def test_masked_names_agree_in_tools_calls_responses_and_texts() -> None:
    (row,) = rows("trl", record(), Options(mask_names=True))
    text = json.dumps(row, ensure_ascii=False)
    for name in ("LIST_MESSAGES", "READ_MESSAGE", "DELETE_ALL"):
        assert name not in text
    listing, reading, searching, _ = names_of(row)
    assert row["messages"][0]["content"] == f"You help with mail. Use {listing} first."
    assert row["messages"][2]["tool_calls"][0]["function"]["name"] == listing
    assert row["messages"][3]["name"] == listing
    assert json.loads(row["messages"][3]["content"])["note"] == f"use {reading} for the text"
    assert f"with {listing}." in row["messages"][9]["content"]
    assert row["tools"][0]["function"]["description"] == f"Lists messages. Call before {reading}."
    parameters = row["tools"][2]["function"]["parameters"]
    assert parameters["properties"]["query"]["description"] == f"What `{searching}` looks for."


def test_a_name_that_is_an_ordinary_word_is_masked_only_as_code() -> None:
    messages = [asks("Please search with `search` or search(x), not research."), says("I search.")]
    (row,) = rows("trl", record(messages=messages, tools=[tool("search")]), Options(mask_names=True))
    (name,) = names_of(row)
    assert row["messages"][1]["content"] == f"Please search with `{name}` or {name}(x), not research."
    assert row["messages"][2]["content"] == "I search."


def test_keys_and_arguments_are_data_and_are_not_masked() -> None:
    messages = [
        asks("Go."),
        calling(None, call(0, "LIST_MESSAGES", folder="LIST_MESSAGES")),
        {"role": "tool", "tool_call_id": "call_0", "content": '{"LIST_MESSAGES": "LIST_MESSAGES"}'},
        says("Done."),
    ]
    (row,) = rows("trl", record(messages=messages), Options(mask_names=True))
    assert row["messages"][2]["tool_calls"][0]["function"]["arguments"] == {"folder": "LIST_MESSAGES"}
    (key, value) = next(iter(json.loads(row["messages"][3]["content"]).items()))
    assert key == "LIST_MESSAGES" and re.fullmatch("func_[a-z]{6}", value)


def test_names_are_other_ones_in_each_record_and_the_same_each_time() -> None:
    masks = {tuple(names_of(rows("trl", record(f"c{at}"), Options(mask_names=True))[0])) for at in range(5)}
    assert len(masks) == 5
    assert rows("trl", record(), Options(mask_names=True)) == rows("trl", record(), Options(mask_names=True))


def test_all_of_the_assistants_messages_are_learnt_unless_the_record_says_otherwise() -> None:
    (row,) = rows("trl", record(), Options(loss_mask=True))
    assert row["loss_mask"] == [0, 0, 1, 0, 0, 1, 0, 1, 0, 1]
    marked = [message | {"loss_mask": 0} if at == 4 else message for at, message in enumerate(MESSAGES)]
    (row,) = rows("trl", record(messages=marked), Options(loss_mask=True))
    assert row["loss_mask"] == [0, 0, 1, 0, 0, 0, 0, 1, 0, 1]
    apart = record(loss_mask=[0, 1, 0, 0, 0, 0, 1, 0, 1])
    assert rows("trl", apart, Options(loss_mask=True)) == [row]
    (row,) = rows("openai", record(messages=marked), Options(loss_mask=True))
    assert [one["weight"] for one in row["messages"] if one["role"] == "assistant"] == [1, 0, 1, 1]


def test_without_the_option_no_row_has_a_mask() -> None:
    for name in ("trl", "openai", "axolotl", "hermes", "sharegpt", "unsloth"):
        text = json.dumps(rows(name, record()))
        assert not re.search('"(loss_mask|weight|train|trained_spans)"', text)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"messages": []}, "messages: expected a list"),
        ({"messages": [{"content": "x"}]}, "messages[0]: expected an object with a role"),
        ({"messages": [asks("x")]}, "no message of the assistant"),
        ({"messages": [asks("x"), {"role": "robot", "content": "x"}]}, "messages[1].role"),
        ({"messages": [asks("x"), says("")]}, "messages[1]: the assistant neither"),
        ({"messages": [{"role": "user", "content": None}, says("x")]}, "messages[0].content"),
        ({"tools": [{"name": "x"}]}, "tools[0]"),
        ({"tools": "[["}, "tools: not JSON"),
        ({"messages": [asks("x"), calling(None, call(0, "a") | {"function": {"name": 1}})]}, "tool_calls[0]"),
    ],
)
def test_a_record_that_is_none_says_where(damage: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        sample_of(record(**damage), "line_1")  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_arguments_that_are_no_object_are_refused() -> None:
    bad = calling(None, {"id": "call_0", "function": {"name": "search", "arguments": "[1]"}})
    with pytest.raises(ValueError, match=r"messages\[1\]\.tool_calls\[0\]"):
        sample_of(record(messages=[asks("x"), bad, says("y")]), "line_1")


def test_a_record_in_markup_is_read_too() -> None:
    markup = "</user>\nHello.\n</assistant>\nGood day."
    sample = sample_of({"id": "c", "conversation_dml": markup, "tools": TOOLS}, "line_1")
    assert [message.text for message in sample.messages] == ["Hello.", "Good day."]


anything = st.recursive(
    st.sampled_from([None, True, 0, 2**70, 1.5, "", "text", "{}", "[1]", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries({}, optional={key: anything for key in ("messages", "tools", "scores", "kind")}),
    st.sampled_from(["user", "assistant", "tool", "system"]),
    st.dictionaries(st.sampled_from(KEYS), anything, max_size=4),
)
def test_a_record_of_any_make_is_read_or_refused(
    found: dict[str, object], role: str, message: dict[str, object]
) -> None:
    for one in (found, record() | found, record(messages=[asks("x"), {**message, "role": role}, says("y")])):
        try:
            sample = sample_of(one, "line_1")
        except ValueError:
            continue
        assert sample.messages


@pytest.mark.parametrize(
    "text", ['{"a": ' + "[" * 200 + "]" * 200 + "}", '{"a": "\\ud800", "b": 12345678901234567890}']
)
def test_arguments_that_no_file_can_hold_are_refused(text: str) -> None:
    bad = calling(None, {"id": "call_0", "function": {"name": "search", "arguments": text}})
    with pytest.raises(ValueError, match=r"tool_calls\[0\]"):
        sample_of(record(messages=[asks("x"), bad, says("y")]), "line_1")
