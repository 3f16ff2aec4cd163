"""One fault in a good conversation, and no matcher takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.types.tools import Tool
from grammar.grammar_matchers import all_accept, all_refuse, grammar_of

SEND = Tool(
    "mail",
    "SEND",
    "Send.",
    {
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "copies": {"type": "integer", "minimum": 1, "maximum": 12},
            "when": {"type": "string", "format": "date-time"},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 2},
        },
        "required": ["to"],
    },
    {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
)
LIST = Tool(
    "mail",
    "LIST",
    "List.",
    {"type": "object", "properties": {}, "additionalProperties": False},
    {"type": "array", "items": {"type": "string"}},
)

CALL = '<tool>{"name": "SEND", "arguments": {"to": "Ana", "copies": 2, "tags": ["a", "b"]}}</tool>'
ANSWER = '<tool_response>{"id": 7}</tool_response>'
GOOD = f"""</user>
Send it.
</assistant>
On it.
{CALL}
{ANSWER}
<tool>{{"name": "LIST", "arguments": {{}}}}</tool>
<tool_response>["x", "y"]</tool_response>
</assistant>
Sent.
</user>
Thanks!
</assistant>
Welcome."""

DAMAGE = {
    "unknown tool": ('"SEND"', '"SENT"'),
    "missing required argument": ('{"to": "Ana", "copies"', '{"copies"'),
    "argument of a wrong type": ('"copies": 2', '"copies": "2"'),
    "integer out of bounds": ('"copies": 2', '"copies": 13'),
    "integer with a fraction": ('"copies": 2', '"copies": 2.5'),
    "not a moment": ('"copies": 2', '"when": "2024-13-01T10:00:00Z"'),
    "value not in the enum": ('["a", "b"]', '["c"]'),
    "too few items": ('["a", "b"]', "[]"),
    "too many items": ('["a", "b"]', '["a", "b", "a"]'),
    "key the schema does not know": ('"copies": 2', '"blind": 2'),
    "keys out of order": ('"to": "Ana", "copies": 2', '"copies": 2, "to": "Ana"'),
    "key twice": ('"copies": 2', '"copies": 2, "copies": 2'),
    "no white space in JSON": ('"Ana", "copies"', '"Ana","copies"'),
    "more white space in JSON": ('"Ana", "copies"', '"Ana",  "copies"'),
    "line break in JSON": ("{}", "{\n}"),
    "escape that is not needed": ('"Ana"', '"\\u0041na"'),
    "half of a surrogate pair": ('"Ana"', '"\\ud83d"'),
    "control character in a string": ('"Ana"', '"A\x01"'),
    "missing response": (f"{ANSWER}\n", ""),
    "response too much": (ANSWER, f"{ANSWER}\n{ANSWER}"),
    "response without a key": ('{"id": 7}', "{}"),
    "response of another tool": ('{"id": 7}', '["x"]'),
    "turn ends with a response": ("</assistant>\nSent.\n", ""),
    "silent message after a response": ('<tool>{"name": "LIST', '</assistant>\n<tool>{"name": "LIST'),
    "user speaks twice": ("</assistant>\nWelcome.", "</user>\nAnd?"),
    "assistant speaks twice": ("Sent.", "Sent.\n</assistant>\nReally."),
    "empty user message": ("Thanks!\n", ""),
    "user message of white space": ("Thanks!", "\u00a0"),
    "message begins with white space": ("Thanks!", " Thanks!"),
    "message of a line break": ("Thanks!", "\n"),
    "three line breaks": ("Thanks!", "Thanks\n\n\n!"),
    "tag in a text": ("Thanks!", "Thanks <tool> !"),
    "closing of some other tag": ("Thanks!", "<b>Thanks!</b>"),
    "parallel calls": (f"{CALL}\n{ANSWER}", f"{CALL}\n{CALL}\n{ANSWER}\n{ANSWER}"),
    "thought": ("</assistant>\nOn it.", "<assistant_thought>Hm.</assistant_thought>\n</assistant>\nOn it."),
    "no line break before a tag": ("Thanks!\n", "Thanks!"),
    "line break at the end": ("Welcome.", "Welcome.\n"),
    "cut off": ("Welcome.", ""),
    "a turn too many": ("Welcome.", "Welcome.\n</user>\nBye.\n</assistant>\nBye."),
}


@pytest.fixture(scope="module")
def grammar() -> TreeGrammar:
    return grammar_of(SEND, LIST, turns=(2, 2))


def test_the_undamaged_conversation_is_accepted(grammar: TreeGrammar) -> None:
    assert all_accept(grammar, GOOD)


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused(grammar: TreeGrammar, name: str) -> None:
    assert all_refuse(grammar, damaged(*DAMAGE[name]))


@pytest.mark.parametrize("turns", [(1, 1), (3, 3), (3, 5)])
def test_the_number_of_user_turns_is_bounded(turns: tuple[int, int]) -> None:
    assert all_refuse(grammar_of(SEND, LIST, turns=turns), GOOD)


@pytest.mark.parametrize("turns", [(1, 2), (2, 3), (2, 5)])
def test_the_number_of_user_turns_is_free_within_the_bounds(turns: tuple[int, int]) -> None:
    assert all_accept(grammar_of(SEND, LIST, turns=turns), GOOD)


WHITE_SPACE = [chr(code) for code in range(0x3001) if chr(code).isspace()]


@pytest.mark.parametrize("space", WHITE_SPACE, ids=lambda space: f"U+{ord(space):04X}")
def test_no_text_begins_with_white_space_of_any_kind(grammar: TreeGrammar, space: str) -> None:
    assert all_refuse(grammar, damaged("Thanks!", f"{space}Thanks!"))
    assert all_accept(grammar, damaged("Thanks!", f"Thanks{space}!"))


def test_a_tool_without_a_response_schema_answers_with_nothing_but_an_object() -> None:
    untold = replace(SEND, response={})
    assert all_accept(grammar_of(untold, LIST), GOOD)
    assert all_refuse(grammar_of(untold, LIST), damaged('{"id": 7}', "7"))


def test_a_missing_thought_is_refused_where_thoughts_are_on() -> None:
    assert all_refuse(grammar_of(SEND, LIST, thoughts=True), GOOD)


@pytest.mark.parametrize("answers", [1, 3])
def test_a_parallel_step_has_as_many_responses_as_calls(answers: int) -> None:
    grammar = grammar_of(SEND, LIST, parallel_calls=True)
    both = f"{CALL}\n{CALL}\n{ANSWER}\n{ANSWER}"
    assert all_accept(grammar, GOOD.replace(f"{CALL}\n{ANSWER}", both))
    wrong = f"{CALL}\n{CALL}\n" + "\n".join([ANSWER] * answers)
    assert all_refuse(grammar, GOOD.replace(f"{CALL}\n{ANSWER}", wrong))


def test_four_parallel_calls_are_refused() -> None:
    four = "\n".join([CALL] * 4 + [ANSWER] * 4)
    assert all_refuse(grammar_of(SEND, LIST, parallel_calls=True), GOOD.replace(f"{CALL}\n{ANSWER}", four))


def test_names_are_fixed_and_arguments_free_at_the_level_of_names() -> None:
    grammar = grammar_of(SEND, LIST, level="names")
    assert all_accept(grammar, damaged('"copies": 2', '"blind": [{}]'))
    assert all_refuse(grammar, damaged('"SEND"', '"SENT"'))
    assert all_refuse(grammar, damaged(f"{ANSWER}\n", ""))


def test_any_name_will_do_at_the_level_of_markup() -> None:
    grammar = grammar_of(SEND, LIST, level="markup")
    assert all_accept(grammar, damaged('"SEND"', '"SENT"'))
    assert all_refuse(grammar, damaged('"arguments": {}', '"arguments": []'))
    assert all_refuse(grammar, damaged(f"{ANSWER}\n", ""))


def damaged(old: str, new: str) -> str:
    """The good conversation with the first occurrence of a text replaced."""
    assert old in GOOD, "the damage must change something"
    return GOOD.replace(old, new, 1)
