"""Any text at all is parsed or refused with the place of the fault."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import ODD_PIECES, conversations

from funcdex.dml.jsontext import MAX_DEPTH
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.errors import MarkupError
from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn

ASK = "</user>Go</assistant>"
CALL = '<tool>{"name": "A", "arguments": {}}</tool>'
ANSWER = "<tool_response>{}</tool_response>"


def parses_or_is_refused(text: str) -> None:
    try:
        conversation = parse(text)
    except MarkupError as error:
        assert 0 <= error.position <= len(text)
        assert f"character {error.position}" in str(error)
    else:
        assert parse(write(conversation)) == conversation


PIECES = st.sampled_from((*ODD_PIECES, ASK, CALL, ANSWER, "Hi", "[", '{"a": ', "1e999", "NaN"))
ANY_TEXT = st.text(st.characters(), max_size=20)  # halves of surrogate pairs included


@given(ANY_TEXT | st.lists(PIECES | ANY_TEXT, max_size=12).map("".join))
@example("")
@example("</user>\ud800</assistant>Hi")
def test_any_text_parses_or_is_refused(text: str) -> None:
    parses_or_is_refused(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = write(draw(conversations(max_turns=2)))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + draw(PIECES | st.just("") | st.just(text[start:end] * 2)) + text[end:]
    return text


@given(damaged())
def test_damaged_conversations_parse_or_are_refused(text: str) -> None:
    parses_or_is_refused(text)


@given(conversations(max_turns=1), st.data())
def test_a_conversation_cut_anywhere_parses_or_is_refused(
    conversation: Conversation, data: st.DataObject
) -> None:
    text = write(conversation)
    parses_or_is_refused(text[: data.draw(st.integers(0, len(text)))])


@pytest.mark.parametrize(
    ("text", "what", "position"),
    [
        ("", "expected </user>, found the end", 0),
        (" \n", "expected </user>, found the end", 2),
        (" Hello </user>Go</assistant>Hi", "expected </user>, found text", 1),
        ("\ufeff</user>Go</assistant>Hi", "expected </user>, found text", 0),
        ("</assistant>Hi", "expected </user>, found </assistant>", 0),
        ("</user> </assistant>Hi", "expected text, found </assistant>", 8),
        ("</user>Go", "expected <assistant_thought> or </assistant>, found the end", 9),
        ("</user>Go</user>Go", "expected <assistant_thought> or </assistant>, found </user>", 9),
        (ASK, "expected text or <tool>, found the end", 21),
        (ASK + "</user>", "expected text or <tool>, found </user>", 21),
        (ASK + "Hi</assistant>Ho", "expected </user> or the end, found </assistant>", 23),
        (ASK + "Hi</tool>", "expected </user> or the end, found </tool>", 23),
        (ASK + ANSWER, "expected text or <tool>, found <tool_response>", 21),
        (ASK + CALL, "expected <tool> or <tool_response>, found the end", 64),
        (ASK + CALL + "Hi", "expected <tool> or <tool_response>, found text", 64),
        (ASK + CALL + "</assistant>Hi", "expected <tool> or <tool_response>, found </assistant>", 64),
        (
            ASK + CALL + ANSWER,
            "expected <tool> or <assistant_thought> or </assistant>, found the end",
            64 + len(ANSWER),
        ),
        (
            ASK + CALL + ANSWER + ANSWER + "</assistant>Hi",
            "expected <tool> or <assistant_thought> or </assistant>, found <tool_response>",
            64 + len(ANSWER),
        ),
        (
            ASK + CALL + CALL + ANSWER + "</assistant>Hi",
            "expected <tool_response>, found </assistant>",
            64 + len(CALL + ANSWER),
        ),
        (
            ASK + CALL + ANSWER + "</assistant>" + CALL + ANSWER + "</assistant>Hi",
            "expected text, found <tool>",
            64 + len(ANSWER + "</assistant>"),
        ),
        ("</user>Go<assistant_thought> </assistant_thought></assistant>Hi", "expected text, found", 29),
        ("</user>Go<assistant_thought>Hm</assistant>Hi", "expected </assistant_thought>, found", 30),
        ("</user>Go<assistant_thought>Hm</assistant_thought>Hi", "expected </assistant>, found text", 50),
    ],
)
def test_a_fault_says_what_was_expected_and_where(text: str, what: str, position: int) -> None:
    with pytest.raises(MarkupError) as caught:
        parse(text)
    assert caught.value.what.startswith(what)
    assert caught.value.position == position


def in_a_call(arguments: str) -> str:
    call = f'<tool>{{"name": "A", "arguments": {arguments}}}</tool>'
    return ASK + call + ANSWER + "</assistant>Done"


def in_a_response(value: str) -> str:
    return ASK + CALL + f"<tool_response>{value}</tool_response></assistant>Done"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("", "expected JSON, found a fault in it: Expecting value"),
        ("{'a': 1}", "expected JSON, found a fault in it"),
        ('{"a": 1,}', "expected JSON, found a fault in it"),
        ('"open', "expected JSON, found a fault in it"),
        ('"line\nbreak"', "expected JSON, found a fault in it"),
        ("NaN", "NaN, Infinity and numbers"),
        ("[-Infinity]", "NaN, Infinity and numbers"),
        ("1e999", "NaN, Infinity and numbers"),
        ("9" * 5000, "a JSON number has too many digits"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', 'the key "c" stands twice'),
        ('{"\\ud800": 1, "\\ud800": 2}', 'the key "\\ud800" stands twice'),
        ('"\\ud800"', "a JSON string holds half of a surrogate pair"),
        ('{"\\udfff": 1}', "a JSON string holds half of a surrogate pair"),
        ("[" * MAX_DEPTH + "[]" + "]" * MAX_DEPTH, "JSON is nested deeper than 64 levels"),
        ('{"a":' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH, "JSON is nested deeper than 64 levels"),
        ("[" * 100_000, "JSON is nested deeper than 64 levels"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "JSON is nested deeper than 64 levels"),
        ("1 2", "expected </tool_response> after the JSON"),
        ("{}<tool>", "expected </tool_response> after the JSON"),
        ("{}\u00a0", "expected </tool_response> after the JSON"),
    ],
)
def test_json_that_others_could_not_read_is_refused(value: str, what: str) -> None:
    text = in_a_response(value)
    with pytest.raises(MarkupError) as caught:
        parse(text)
    assert caught.value.what.startswith(what)
    assert len(ASK + CALL) < caught.value.position < len(text)
    assert len(str(caught.value)) < 300


def test_a_half_of_a_surrogate_pair_in_a_text_is_refused_at_its_place() -> None:
    with pytest.raises(MarkupError, match="surrogate") as caught:
        parse("</user>G\udc00</assistant>Hi")
    assert caught.value.position == 8


def test_the_first_fault_is_the_one_that_is_named() -> None:
    with pytest.raises(MarkupError) as caught:
        parse("</user></assistant>Hi</user>Go</assistant><tool>{broken</tool>")
    assert caught.value.position == len("</user>")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("[]", 'expected {"name": ..., "arguments": ...}'),
        ('"A"', 'expected {"name": ..., "arguments": ...}'),
        ('{"name": "A"}', 'expected {"name": ..., "arguments": ...}'),
        ('{"name": "A", "arguments": {}, "id": 1}', 'expected {"name": ..., "arguments": ...}'),
        ('{"name": 5, "arguments": {}}', 'expected a string as "name"'),
        ('{"name": "A", "arguments": []}', 'expected an object as "arguments"'),
        ('{"name": "A", "arguments": "{}"}', 'expected an object as "arguments"'),
    ],
)
def test_a_call_is_a_name_and_arguments(call: str, what: str) -> None:
    with pytest.raises(MarkupError) as caught:
        parse(f"{ASK}<tool>{call}</tool>{ANSWER}</assistant>Done")
    assert caught.value.what.startswith(what)
    assert caught.value.position == len(ASK)


def test_json_at_the_deepest_level_allowed_is_read_and_written() -> None:
    response = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    conversation = parse(in_a_response(response))
    assert parse(write(conversation)) == conversation


def test_numbers_as_large_as_a_double_and_whole_numbers_beyond_are_kept() -> None:
    conversation = parse(in_a_call('{"a": 1.7e308, "b": ' + "9" * 4000 + "}"))
    assert conversation.calls[0].arguments == {"a": 1.7e308, "b": 10**4000 - 1}


@pytest.mark.parametrize("piece", ["<", "&", "&amp;", "</", "<tool", "</user", " ", "\n", '"', "{"])
def test_hostile_repetition_costs_linear_time(piece: str) -> None:
    # Quadratic work on a million characters would take hours.
    text = "</user>Go</assistant>x" + piece * (1_000_000 // len(piece)) + "x"
    conversation = parse(text)
    assert parse(write(conversation)) == conversation


def test_unclosed_strings_and_spaces_in_json_cost_linear_time() -> None:
    for value in ('"' + "\\" * 1_000_000, " " * 1_000_000, "[" + " " * 1_000_000, '"' + "</tool>" * 100_000):
        with pytest.raises(MarkupError):
            parse(in_a_response(value))


def endless() -> JsonValue:
    loop: list[JsonValue] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    "response",
    [float("nan"), float("inf"), "\ud800", {1: 2}, (1, 2), {1, 2}, endless(), 10**5000],
    ids=["nan", "inf", "surrogate", "key", "tuple", "set", "loop", "digits"],
)
def test_a_value_that_is_not_json_has_no_written_form(response: JsonValue) -> None:
    turn = Turn(
        "Go", (AssistantMessage("", (Step((ToolCall("A", {}),), (response,)),)), AssistantMessage("Hi"))
    )
    with pytest.raises(ValueError, match="."):
        write(Conversation((turn,)))


def test_a_text_with_half_of_a_surrogate_pair_has_no_written_form() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        write(Conversation((Turn("\ud800", (AssistantMessage("Hi"),)),)))
